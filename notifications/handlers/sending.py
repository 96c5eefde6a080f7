"""What was told inside the app is planned for the channels that its receiver wants, and their senders are woken."""

import time
from functools import partial

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerDown
from redis.exceptions import RedisError

from khidma.delivery.models import Channel
from khidma.kernel.events import handles
from notifications import services
from notifications.events import PersonTold

log = structlog.get_logger(__name__)

QUIET_AFTER_FAILURE = 5.0
"""Seconds in which nobody tries to wake a worker after it failed."""

_quiet_until = 0.0


@handles(PersonTold)
def send_out(event: PersonTold) -> None:
    channels = services.plan_sendings(
        notification_id=event.notification_id, channels=event.channels, text=event.text, values=event.values
    )
    for channel in channels:
        transaction.on_commit(partial(_wake, channel))


def _wake(channel: Channel) -> None:
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        current_app.send_task(f"notifications.tasks.send_{channel}", ignore_result=True, retry=False)
    except (BrokerDown, RedisError, OSError) as error:  # the sweep makes up for it
        _quiet_until = time.monotonic() + QUIET_AFTER_FAILURE
        log.warning("sending_wake_failed", channel=channel, error=type(error).__name__)
