"""Boosts: bought by the owner of an open gig, shown once paid, and given back where they cannot be shown."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from gigs import services as gigs
from gigs.errors import GigNotOpen
from gigs.models import Gig
from gigs.states import GigStatus
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.money import divide
from khidma.kernel.states import advance, lock, record_change
from orders.events import BoostReturned, BoostShown
from orders.models import Boost
from orders.runtime import BoostSettings
from orders.states import BoostStatus
from payments import services as payments
from payments.errors import SaleNotAwaiting
from payments.models import Payment, PaymentPurpose, Sale
from payments.runtime import PaymentSettings
from payments.services import SMALLEST_REFUND
from payments.states import SaleStatus

DAY = timedelta(days=1)


@transaction.atomic
def prepare_boost(*, gig: Gig, client: User, days: int) -> Payment:
    """The payment for so many days; the one that waits already, if it is for the same. A live boost is extended.

    :raises GigNotOpen: only an open gig is shown at all.
    """
    gig = lock(gig)
    if not _is_shown(gig):
        raise GigNotOpen(details={"status": gig.status})
    amount = BoostSettings.load().price_of(days)
    waiting = Boost.objects.filter(gig=gig, status=BoostStatus.AWAITING_PAYMENT).first()
    if waiting is not None and _is_still_awaited(gig, waiting):
        if (waiting.days, waiting.amount, waiting.buyer_id) == (days, amount, client.pk):
            return payments.watch_anew(Payment.objects.get(sale__reference=waiting.pk))
        _abandon(waiting, by=client, role="client")
    due_at = now() + timedelta(hours=PaymentSettings.load().unpaid_hours)
    boost = Boost.objects.create(gig=gig, buyer=client, days=days, amount=amount, unpaid_due_at=due_at)
    record_change(boost, action="order", by=client, role="client")
    return payments.start_sale(
        buyer=client, reference=boost.pk, about=gig.pk, amount=amount, purpose=PaymentPurpose.BOOST
    )


def hold_boosts(references: Sequence[UUID]) -> list[Boost]:
    """The boosts among these, each under the lock of its gig, which is taken first as everywhere."""
    found = Boost.objects.filter(pk__in=references)
    for gig_id in sorted(set(found.values_list("gig_id", flat=True))):
        lock(Gig, gig_id)
    return list(found.select_for_update(of=("self",), no_key=True).order_by("pk"))


def take_up_boost(boost: Boost, *, by: User | None, role: str) -> None:
    """Show the gig of a held boost first once its money is here, or send the money back if there is nothing to show."""
    if boost.status != BoostStatus.AWAITING_PAYMENT or not _is_paid(boost):
        return
    gig = Gig.objects.get(pk=boost.gig_id)
    if not _is_shown(gig):
        advance(boost, "send_back", by=by, role=role, reason=f"the gig is {gig.status}")
        _return(boost, boost.amount, reason="the gig was not open any more")
        return
    starts_at, ends_at = gigs.show_first(gig=gig, days=boost.days)
    advance(boost, "show", by=by, role=role, changes={"starts_at": starts_at, "ends_at": ends_at})
    publish(BoostShown(**_facts(boost), ends_at=ends_at))


@transaction.atomic
def expire_unpaid_boost(*, boost_id: UUID) -> bool:
    """Give up a boost that was not paid in time; show it if its money has just come. False: somebody was faster."""
    boost = next(iter(hold_boosts([boost_id])), None)
    if boost is None or not Boost.objects.unpaid_past(Now()).filter(pk=boost.pk).exists():
        return False
    gig = Gig.objects.get(pk=boost.gig_id)
    if _is_still_awaited(gig, boost):
        _abandon(boost, by=None, role="system")
    return True


@transaction.atomic
def return_boosts(*, gig_id: UUID, cancelled_by: str) -> int:
    """Give back the whole days that a gig was not shown yet, because we took it down; how many boosts.

    Where its owner gave it up nothing goes back, unless the settings say so.
    """
    if cancelled_by != "operator" and not (cancelled_by == "client" and BoostSettings.load().returns_to_owners):
        return 0
    live = Boost.objects.filter(gig=gig_id, status=BoostStatus.SHOWN, ends_at__gt=Now()).values_list("pk", flat=True)
    returned = [_take_down(boost) for boost in hold_boosts(list(live)) if boost.status == BoostStatus.SHOWN]
    if returned:
        gigs.show_no_longer_first(gig_id=gig_id)
    return sum(returned)


def _take_down(boost: Boost) -> bool:
    """Send back what the days that are left are worth. False: less than one day is, or less than can be sent."""
    if boost.starts_at is None or boost.ends_at is None:
        return False
    left = (boost.ends_at - max(now(), boost.starts_at)) // DAY
    amount = divide(boost.amount * left, boost.days)
    if amount < SMALLEST_REFUND:
        return False
    advance(boost, "take_down", by=None, role="system", reason=f"{left} of {boost.days} days were not shown")
    _return(boost, amount, reason="the gig was taken down")
    return True


def _return(boost: Boost, amount: int, *, reason: str) -> None:
    payments.return_sale(reference=boost.pk, amount=amount, reason=reason)
    publish(BoostReturned(**_facts(boost), returned=amount))


def _is_shown(gig: Gig) -> bool:
    return gig.status == GigStatus.OPEN and gig.removed_at is None


def _is_paid(boost: Boost) -> bool:
    return Sale.objects.get(reference=boost.pk).status == SaleStatus.SOLD


def _is_still_awaited(gig: Gig, boost: Boost) -> bool:
    """Whether a waiting boost of a locked gig still waits; if its money has just come, it is shown."""
    boost = lock(boost)
    if not _is_paid(boost):
        return boost.status == BoostStatus.AWAITING_PAYMENT
    take_up_boost(boost, by=None, role="system")
    gig.refresh_from_db()
    return False


def _abandon(boost: Boost, *, by: User | None, role: str) -> None:
    """Await its money no more; what still comes goes back by itself."""
    try:
        with transaction.atomic():
            payments.abandon_sale(reference=boost.pk)
            advance(boost, "abandon", by=by, role=role)
    except SaleNotAwaiting:  # the money came between our look and the lock of the sale
        take_up_boost(lock(boost), by=None, role="system")


def _facts(boost: Boost) -> dict[str, Any]:
    """The fields of `BoostEvent`."""
    return {
        "boost_id": boost.pk,
        "gig_id": boost.gig_id,
        "client_id": boost.buyer_id,
        "title": boost.gig.title,
        "days": boost.days,
        "amount": boost.amount,
    }
