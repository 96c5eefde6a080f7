"""How often something in flight is looked at again."""

from datetime import timedelta
from uuid import UUID

from django.db.models import F

from khidma.kernel.clock import Now
from payments.models import Payment, Payout, Refund, Settlement, Validation
from payments.runtime import PaymentSettings

Watched = type[Payment] | type[Payout] | type[Refund] | type[Settlement] | type[Validation]
"""Kinds of things that are looked at until they have ended."""

LONGEST = timedelta(hours=6)

ABSENT_AFTER = timedelta(hours=1)
"""What RazorpayX does not list by then was never made: its lists lag behind."""


def next_look(looks: int) -> timedelta:
    """The pause before the next look, doubling with each look that brought nothing new."""
    first = timedelta(seconds=PaymentSettings.load().look_after_seconds)
    return min(first * (1 << min(looks, 16)), LONGEST)


def put_off(kind: Watched, pk: UUID) -> None:
    """Look later at something whose look has failed, so that those behind it get their turn."""
    due = kind._default_manager.filter(pk=pk, look_at__lte=Now())
    for looks in due.values_list("looks", flat=True):
        due.update(look_at=Now() + next_look(looks), looks=F("looks") + 1)
