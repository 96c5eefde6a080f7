"""Every write of messaging."""

from messaging.services.guarding import require_may_write
from messaging.services.looking import Talk, look_into
from messaging.services.opening import open_for_application, open_for_order, open_support, reach_conversation
from messaging.services.reading import mark_read
from messaging.services.supporting import (
    answer_as_support,
    change_standing,
    mark_for_support,
    notice_unanswered,
    remove_chat,
    remove_message,
)
from messaging.services.talking import post_system_message, say_plainly, send_message

__all__ = [
    "Talk",
    "answer_as_support",
    "change_standing",
    "look_into",
    "mark_for_support",
    "mark_read",
    "notice_unanswered",
    "open_for_application",
    "open_for_order",
    "open_support",
    "post_system_message",
    "reach_conversation",
    "remove_chat",
    "remove_message",
    "require_may_write",
    "say_plainly",
    "send_message",
]
