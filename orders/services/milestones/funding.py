"""The money of milestones: what is asked for, and what begins once it has come."""

from collections.abc import Sequence
from uuid import UUID

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.states import advance
from orders.errors import OrderNotAwaitingPayment
from orders.models import Milestone, Order
from orders.services.milestones.choosing import lock_milestones
from orders.states import MilestoneStatus, OrderStatus
from payments.errors import AlreadyPaid
from payments.models import Escrow
from payments.states import EscrowStatus

PAYABLE = {OrderStatus.PENDING_PAYMENT, OrderStatus.IN_PROGRESS}


def unpaid_references(order: Order, milestone_id: UUID | None = None) -> list[UUID]:
    """What a payment for one milestone, or for all that are left, is to pay for.

    :raises OrderNotAwaitingPayment: it was dropped, or the order stands still.
    :raises AlreadyPaid: its money is here.
    """
    milestones = lock_milestones(order)
    asked = [row for row in milestones if milestone_id in {None, row.pk}]
    unpaid = [row for row in asked if row.status == MilestoneStatus.PENDING]
    if not unpaid and any(row.status != MilestoneStatus.DROPPED for row in asked):
        raise AlreadyPaid(details={"status": order.status})
    if not unpaid or order.status not in PAYABLE:
        raise OrderNotAwaitingPayment(details={"status": order.status})
    return [row.pk for row in unpaid]


def fund_milestones(order: Order, *, by: User | None, role: str) -> list[Milestone]:
    """Let every milestone of a locked order begin whose money has come; those that just began."""
    pending = [row for row in lock_milestones(order) if row.status == MilestoneStatus.PENDING]
    funded = _funded_among(pending)
    for milestone in funded:
        advance(milestone, "fund", by=by, role=role, changes={"funded_at": now()})
    return funded


def _funded_among(milestones: Sequence[Milestone]) -> list[Milestone]:
    keys = [row.pk for row in milestones]
    here = Escrow.objects.filter(reference__in=keys, status=EscrowStatus.FUNDED).values_list("reference", flat=True)
    found = set(here)
    return [row for row in milestones if row.pk in found]
