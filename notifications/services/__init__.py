"""Every write of notifications."""

from notifications.services.devices import register_push_token, remove_push_token
from notifications.services.telling import mark_all_read, mark_read, send_out, tell

__all__ = ["mark_all_read", "mark_read", "register_push_token", "remove_push_token", "send_out", "tell"]
