"""Every write of notifications."""

from notifications.services.devices import register_push_token, remove_push_token
from notifications.services.digesting import tell_of_unread_messages
from notifications.services.planning import plan_sendings
from notifications.services.preferences import change_preferences
from notifications.services.sending import forget_sendings, revive, send_due, send_next
from notifications.services.telling import mark_all_read, mark_read, tell

__all__ = [
    "change_preferences",
    "forget_sendings",
    "mark_all_read",
    "mark_read",
    "plan_sendings",
    "register_push_token",
    "remove_push_token",
    "revive",
    "send_due",
    "send_next",
    "tell",
    "tell_of_unread_messages",
]
