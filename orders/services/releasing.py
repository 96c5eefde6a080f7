"""Paying the doer for work that was taken: at once, or as soon as a release that is held may go on."""

from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts import services as accounts
from gigs import services as gigs
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from orders.events import MilestoneReleased, OrderCompleted
from orders.models import Milestone, Order
from orders.services.announcing import facts, milestone_facts
from orders.services.hours import earned_amount
from orders.services.milestones.ending import go_on
from orders.states import MilestoneStatus, OrderStatus
from payments import selectors as money
from payments import services as payments
from payments.errors import ReleaseHeld
from payments.models import Escrow
from payments.states import EscrowStatus


def release_pay(order: Order) -> bool:
    """Pay the doer of a locked, approved order, which completes it. False: the release is held, and so is the order."""
    earned = min(earned_amount(order), money.escrow_of(order.pk).held)
    try:
        settlement = payments.settle_escrow(reference=order.pk, payee_gross=earned, reason="approved")
    except ReleaseHeld:
        return False
    advance(order, "release", by=None, role="system", changes={"completed_at": now()})
    gigs.complete_gig(gig_id=order.gig_id)
    accounts.record_completed_gig(user_id=order.doer_id)
    publish(OrderCompleted(**facts(order), doer_payout=settlement.payee_net))
    return True


def release_milestone_pay(milestone: Milestone) -> int | None:
    """Pay the doer for an approved milestone of a locked order; the net amount, in paise. None: the release is held."""
    held = money.escrow_of(milestone.pk).held
    try:
        return payments.settle_escrow(reference=milestone.pk, payee_gross=held, reason="approved").payee_net
    except ReleaseHeld:
        return None


@transaction.atomic
def release_held_order(*, order_id: UUID) -> bool:
    """Let an approved order go on if its release is not held any more. False: it is, or somebody was faster."""
    order = lock_free_order(pk=order_id, status=OrderStatus.APPROVED)
    return order is not None and _is_funded(order.pk) and release_pay(order)


@transaction.atomic
def release_held_milestone(*, milestone_id: UUID) -> bool:
    """The same for an approved milestone; the last one completes its order."""
    order = lock_free_order(milestones=milestone_id, status=OrderStatus.IN_PROGRESS)
    if order is None:
        return False
    milestone = lock(Milestone, milestone_id)
    if milestone.status != MilestoneStatus.APPROVED or not _is_funded(milestone.pk):
        return False
    paid = release_milestone_pay(milestone)
    if paid is None:
        return False
    publish(MilestoneReleased(**milestone_facts(order, milestone), paid=paid))
    go_on(order)
    return True


def lock_free_order(**exact: object) -> Order | None:
    """The order under its lock; none, while somebody else holds it."""
    free = Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    return free.filter(**exact).first()


def _is_funded(reference: UUID) -> bool:
    return money.escrow_of(reference).status == EscrowStatus.FUNDED


def held_orders() -> QuerySet[Order]:
    """Orders whose work was approved and whose doer is not paid yet."""
    return Order.objects.filter(status=OrderStatus.APPROVED)


def held_milestones() -> QuerySet[Milestone]:
    """Milestones that were approved and whose doer is not paid yet."""
    funded = Escrow.objects.filter(reference=OuterRef("pk"), status=EscrowStatus.FUNDED)
    approved = Milestone.objects.filter(status=MilestoneStatus.APPROVED, order__status=OrderStatus.IN_PROGRESS)
    return approved.filter(Exists(funded))
