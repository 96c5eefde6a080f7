"""How often something in flight is looked at again."""

from datetime import timedelta
from uuid import UUID

from django.db.models import F

from khidma.kernel.clock import Now, now
from payments.models import Chargeback, Payment, Payout, Refund, Settlement, Validation
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


def note_look(thing: Payout | Refund | Validation | Chargeback) -> None:
    """Set the next look at something of which we have just heard; its caller saves `looks` and `look_at`.

    Only a look that was due counts. News that comes by itself, and that may come many times, puts none off.
    """
    moment = now()
    if thing.look_at is None or thing.look_at <= moment:
        thing.look_at = moment + next_look(thing.looks)
        thing.looks += 1


def put_off(kind: Watched, pk: UUID) -> None:
    """Look later at something whose look has failed, so that those behind it get their turn."""
    due = kind._default_manager.filter(pk=pk, look_at__lte=Now())
    for looks in due.values_list("looks", flat=True):
        due.update(look_at=Now() + next_look(looks), looks=F("looks") + 1)
