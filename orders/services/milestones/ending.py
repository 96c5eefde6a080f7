"""What follows when a milestone has ended: the next one's turn, or the end of the order."""

from collections.abc import Collection
from uuid import UUID

from accounts import services as accounts
from accounts.models import User
from gigs import services as gigs
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.money import portion
from khidma.kernel.states import advance
from orders.events import OrderCancelled, OrderCompleted
from orders.models import CancelReason, Milestone, Order
from orders.selectors import escrows_of
from orders.services.announcing import facts
from orders.services.milestones.choosing import lock_milestones
from orders.states import MILESTONE_ENDED, MilestoneStatus
from payments import selectors as money
from payments import services as payments
from payments.states import EscrowStatus

UNDER_WAY = {MilestoneStatus.FUNDED, MilestoneStatus.SUBMITTED}


def go_on(order: Order) -> None:
    """Pass the turn on in a locked order, or end it with its last milestone: completed if any was approved."""
    milestones = lock_milestones(order)
    open_ones = [row for row in milestones if row.status not in MILESTONE_ENDED]
    if open_ones:
        _give_turn(open_ones[0])
    elif any(row.status == MilestoneStatus.APPROVED for row in milestones):
        complete_order(order)
    else:
        _cancel(order)


def _give_turn(milestone: Milestone) -> None:
    """Every earlier milestone has ended: if this one is not paid yet, its time to be paid runs from now."""
    if milestone.status == MilestoneStatus.PENDING and milestone.turn_at is None:
        milestone.turn_at = now()
        milestone.save(update_fields=["turn_at"])


def complete_order(order: Order) -> None:
    """End a locked order of whose milestones every one has ended, and at least one was approved.

    While the pay for an approved one is held, the order waits for it.
    """
    approved = {row.pk for row in lock_milestones(order) if row.status == MilestoneStatus.APPROVED}
    escrows = escrows_of([order])[order.pk]
    if any(row.reference in approved and row.status == EscrowStatus.FUNDED for row in escrows):
        return
    moment = now()
    advance(order, "finish", by=None, role="system", changes={"approved_at": moment, "completed_at": moment})
    gigs.complete_gig(gig_id=order.gig_id)
    accounts.record_completed_gig(user_id=order.doer_id)
    paid = sum(escrow.payee_net or 0 for escrow in escrows_of([order])[order.pk])
    publish(OrderCompleted(**facts(order), doer_payout=paid))


def _cancel(order: Order) -> None:
    reason = CancelReason.OTHER
    changes = {"cancelled_at": now(), "cancel_reason": reason}
    advance(order, "cancel", by=None, role="system", reason=reason, changes=changes)
    gigs.cancel_worked_gig(gig_id=order.gig_id, reason=reason)
    publish(OrderCancelled(**facts(order), reason=reason, cancelled_by="system"))


def drop_unpaid_milestones(
    order: Order, *, by: User | None, role: str, reason: str = "", only: UUID | None = None
) -> list[Milestone]:
    """Await the money of unpaid milestones of a locked order no more; what still comes goes back by itself.

    :raises EscrowFunded: the money of one of them is here.
    """
    pending = [row for row in lock_milestones(order) if row.status == MilestoneStatus.PENDING]
    dropped = [row for row in pending if only in {None, row.pk}]
    for milestone in dropped:
        payments.abandon_escrow(reference=milestone.pk)
        advance(milestone, "drop", by=by, role=role, reason=reason)
    return dropped


def end_paid_milestones(order: Order, *, only: Collection[UUID], by: User | None, role: str, reason: str) -> None:
    """End these milestones of a locked order, which are paid and not approved. Their money is the caller's to move."""
    ended = [row for row in lock_milestones(order) if row.pk in only]
    for milestone in ended:
        advance(milestone, "refund", by=by, role=role, reason=reason, changes={"auto_approve_at": None})


def refund_milestones(
    order: Order,
    *,
    doer_bp: int,
    decision: str,
    by: User | None,
    role: str,
    reason: str = "",
    only: UUID | None = None,
) -> dict[UUID, payments.Settlement]:
    """Decide what is held for the milestones of a locked order, or for `only` one: the doer gets `doer_bp` basis
    points of each before fees, the client the rest. What follows for the order is the caller's."""
    held = [row for row in lock_milestones(order) if row.status in UNDER_WAY and only in {None, row.pk}]
    return {row.pk: _refund(row, doer_bp, decision, by=by, role=role, reason=reason) for row in held}


def _refund(
    milestone: Milestone, doer_bp: int, decision: str, *, by: User | None, role: str, reason: str
) -> payments.Settlement:
    advance(milestone, "refund", by=by, role=role, reason=reason, changes={"auto_approve_at": None})
    gross = portion(money.escrow_of(milestone.pk).held, doer_bp)
    return payments.settle_escrow(reference=milestone.pk, payee_gross=gross, reason=decision)
