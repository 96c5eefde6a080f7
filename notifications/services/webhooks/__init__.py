"""Telling the servers of others, by use case."""

from notifications.services.webhooks.announcing import announce
from notifications.services.webhooks.asking import redeliver, send_test
from notifications.services.webhooks.ending import disable, disable_failing, forget_deliveries, give_up
from notifications.services.webhooks.sending import send_due, stopping
from notifications.services.webhooks.subscribing import (
    change_subscription,
    require_foreign,
    rotate_secret,
    subscribe,
    unsubscribe,
)

__all__ = [
    "announce",
    "change_subscription",
    "disable",
    "disable_failing",
    "forget_deliveries",
    "give_up",
    "redeliver",
    "require_foreign",
    "rotate_secret",
    "send_due",
    "send_test",
    "stopping",
    "subscribe",
    "unsubscribe",
]
