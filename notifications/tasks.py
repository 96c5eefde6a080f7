"""Periodic work of notifications."""

from celery.signals import worker_shutting_down

from khidma.kernel.sweeps import sweep
from notifications.services import webhooks


@sweep(every=2)
def send_webhooks() -> int:
    """Carry webhooks to their receivers; woken after commits, and by the clock in case the waking was lost."""
    return webhooks.send_due()


@worker_shutting_down.connect
def stop_sending(**_: object) -> None:
    """Let no slow receiver keep the worker from ending."""
    webhooks.stopping.set()


@sweep(every=60)
def give_up_webhooks() -> int:
    """End what was not taken in its time."""
    return webhooks.give_up()


@sweep(every=600)
def forget_webhooks() -> int:
    """Forget old deliveries, and secrets that sign no more."""
    return webhooks.forget_deliveries()
