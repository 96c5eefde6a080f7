"""Starting the lane as soon as there is something for it."""

import threading

import structlog
from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError as BrokerDown
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

TASK = "notifications.tasks.send_webhooks"

looking_out = threading.Event()
"""Set while the lane is in this process, and finds by itself what is committed."""


def wake_after_commit() -> None:
    """Ask for a lane, once per transaction, as soon as it commits."""
    if not any(function is _wake for _, function, *_ in connection.run_on_commit):
        transaction.on_commit(_wake)


def _wake() -> None:
    if looking_out.is_set():
        return
    try:
        current_app.send_task(TASK, retry=False)
    except (BrokerDown, RedisError, OSError) as error:  # the sweep makes up for it
        log.warning("webhooks_wake_failed", error=type(error).__name__)
