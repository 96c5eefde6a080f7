"""Ending an order that was never paid."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from gigs import services as gigs
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.states import advance
from orders.events import OrderCancelled
from orders.models import CancelReason, Order
from orders.services.announcing import facts
from orders.services.milestones.ending import drop_unpaid_milestones
from orders.services.paying import take_up
from payments import services as payments
from payments.errors import EscrowFunded


@transaction.atomic
def expire_unpaid(*, order_id: UUID) -> bool:
    """End an order that was not paid in time; begin it if its money has just come. False: somebody was faster."""
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .unpaid_past(Now())
        .filter(pk=order_id)
        .first()
    )
    if order is None:
        return False
    try:
        with transaction.atomic():
            abandon(order, by=None, role="system", reason=CancelReason.UNPAID)
    except EscrowFunded:
        order.refresh_from_db()
        take_up(order, by=None, role="system")
    return True


def abandon(order: Order, *, by: User | None, role: str, reason: str, comment: str = "") -> None:
    """End a locked order that waits for its money; the gig is open again, money that comes later goes back.

    :raises EscrowFunded: the money is here.
    """
    advance(
        order,
        "abandon",
        by=by,
        role=role,
        reason=comment or reason,
        changes={"cancelled_at": now(), "cancel_reason": reason},
    )
    if order.has_milestones:
        drop_unpaid_milestones(order, by=by, role=role, reason=reason)
    else:
        payments.abandon_escrow(reference=order.pk)
    gigs.release_gig(gig_id=order.gig_id, application_id=order.application_id, reason=reason)
    publish(OrderCancelled(**facts(order), reason=reason, cancelled_by=role))
