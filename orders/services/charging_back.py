"""What a payer's bank does to orders: a dispute that has ended lets them go on, a lost one may leave them nothing."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from gigs import services as gigs
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from orders.events import MilestoneDropped, OrderCancelled
from orders.models import Cancellation, CancelReason, Milestone, Order
from orders.services.announcing import facts, milestone_facts
from orders.services.dividing import open_milestones
from orders.services.ending import abandon
from orders.services.milestones.ending import go_on
from orders.services.releasing import release_held_milestone, release_held_order
from orders.states import ENDED, MILESTONE_ENDED, MilestoneStatus, OrderStatus
from payments import selectors as money

REASON = "chargeback"


def go_on_after_chargeback(*, references: Collection[UUID]) -> None:
    """Pay what was approved while the bank was looking at it."""
    for reference in references:
        if Order.objects.filter(pk=reference).exists():
            release_held_order(order_id=reference)
        elif Milestone.objects.filter(pk=reference).exists():
            release_held_milestone(milestone_id=reference)


@transaction.atomic
def end_charged_back(*, reference: UUID, reason: str = REASON) -> None:
    """Everything that was held for this order or milestone was taken, by the payer's bank or by a refund that was made
    without us: it ends; twice changes nothing."""
    milestone = Milestone.objects.filter(pk=reference).first()
    order = Order.objects.filter(pk=milestone.order_id if milestone else reference).first()
    if order is None:
        return
    order = lock(order)
    if milestone is not None:
        _end_milestone(order, lock(milestone), reason)
    elif order.status not in ENDED:
        _end_order(order, reason)
    _close_cancellation(order)


def _end_milestone(order: Order, milestone: Milestone, reason: str) -> None:
    if milestone.status == MilestoneStatus.PENDING:  # its money came and went before it could begin
        advance(milestone, "drop", by=None, role="system", reason=reason)
        publish(MilestoneDropped(**milestone_facts(order, milestone)))
    elif milestone.status not in MILESTONE_ENDED:
        changes = {"auto_approve_at": None}
        advance(milestone, "refund", by=None, role="system", reason=reason, changes=changes)
    if order.status == OrderStatus.IN_PROGRESS:
        go_on(order)
    elif order.status == OrderStatus.PENDING_PAYMENT and not open_milestones(order):
        abandon(order, by=None, role="system", reason=CancelReason.OTHER, comment=reason)


def _end_order(order: Order, reason: str) -> None:
    """Cancel a locked order, from wherever it stands."""
    if order.status == OrderStatus.PENDING_PAYMENT:
        abandon(order, by=None, role="system", reason=CancelReason.OTHER, comment=reason)
        return
    if order.status == OrderStatus.SUBMITTED:
        advance(order, "dispute", by=None, role="system", reason=reason, changes={"auto_approve_at": None})
    steps = {
        OrderStatus.IN_PROGRESS: "cancel",
        OrderStatus.APPROVED: "take_back",
        OrderStatus.DISPUTED: "resolve_for_client",
    }
    changes = {"cancelled_at": now(), "cancel_reason": CancelReason.OTHER}
    step = steps[OrderStatus(order.status)]
    advance(order, step, by=None, role="system", reason=reason, changes=changes)
    gigs.cancel_worked_gig(gig_id=order.gig_id, reason=reason)
    publish(OrderCancelled(**facts(order), reason=CancelReason.OTHER, cancelled_by="system"))


def _close_cancellation(order: Order) -> None:
    """Nothing is kept any more for a cancellation whose money the bank took."""
    if order.cancellation_or_none is None:
        return
    kept = [part.reference for part in order.cancellation.parts.all() if part.kept]
    if not any(money.escrow_of(reference).held for reference in kept):
        Cancellation.objects.filter(order=order, settled_at=None).update(settled_at=now())
