"""Every write of messaging."""

from messaging.services.guarding import require_may_write
from messaging.services.opening import open_for_application, open_for_order, open_support, reach_conversation
from messaging.services.reading import mark_read
from messaging.services.talking import post_system_message, send_message

__all__ = [
    "mark_read",
    "open_for_application",
    "open_for_order",
    "open_support",
    "post_system_message",
    "reach_conversation",
    "require_may_write",
    "send_message",
]
