"""Periodic work of notifications: each channel by itself, so that a slow one holds up no other."""

from celery.signals import worker_shutting_down

from khidma.delivery.models import Channel
from khidma.kernel.sweeps import sweep
from notifications import services
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


@sweep(every=60)
def disable_failing_webhooks() -> int:
    """Turn off subscriptions that took nothing for days."""
    return webhooks.disable_failing()


@sweep(every=600)
def forget_webhooks() -> int:
    """Forget old deliveries, and secrets that sign no more."""
    return webhooks.forget_deliveries()


@sweep(every=10)
def send_sms() -> int:
    """Send the text messages that are due; woken after something was planned, too."""
    return services.send_due(channel=Channel.SMS)


@sweep(every=10)
def send_email() -> int:
    """Send the e-mails that are due."""
    return services.send_due(channel=Channel.EMAIL)


@sweep(every=10)
def send_push() -> int:
    """Send the pushes that are due."""
    return services.send_due(channel=Channel.PUSH)


@sweep(every=60)
def tell_of_unread_messages() -> int:
    """Tell people of chat messages that they have not read."""
    return services.tell_of_unread_messages()


@sweep(every=3600)
def forget_sendings() -> int:
    """Delete what was sent a month ago."""
    return services.forget_sendings()
