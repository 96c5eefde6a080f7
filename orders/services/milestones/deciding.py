"""Taking the work of milestones: by the client, one or all, or by the clock; the doer's pay for each with it."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from orders.errors import OrderNotSubmitted
from orders.events import MilestoneApproved
from orders.models import Milestone, Order
from orders.services.announcing import milestone_facts
from orders.services.milestones.choosing import choose_milestones
from orders.services.milestones.ending import go_on
from orders.services.releasing import release_milestone_pay
from orders.states import OrderStatus


@transaction.atomic
def approve_milestones(*, order: Order, client: User, only: UUID | None = None) -> Order:
    """Approve every submitted milestone, or `only` one, and pay the doer for it; the last one completes the order.

    :raises MilestoneNotSubmitted: there is nothing to approve for that one.
    :raises OrderNotSubmitted: there is nothing at all.
    """
    order = lock(order)
    for milestone in choose_milestones(order, "approve", role="client", only=only, refusal=OrderNotSubmitted):
        _approve(order, milestone, by=client, role="client")
    go_on(order)
    return order


@transaction.atomic
def approve_milestone_by_clock(*, milestone_id: UUID) -> bool:
    """Approve a milestone that nobody answered in time. False: another caller holds the order, or has decided it."""
    order = lock_if_free(milestone_id)
    due = Milestone.objects.unanswered_past(Now()).filter(pk=milestone_id)
    milestone = due.select_for_update(of=("self",), no_key=True).first() if order else None
    if order is None or milestone is None:
        return False
    _approve(order, milestone, by=None, role="system")
    go_on(order)
    return True


def lock_if_free(milestone_id: UUID) -> Order | None:
    """The order of a milestone under its lock; none while somebody else holds it, or when it does not go on."""
    return (
        Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(status=OrderStatus.IN_PROGRESS, milestones=milestone_id)
        .first()
    )


def _approve(order: Order, milestone: Milestone, *, by: User | None, role: str) -> None:
    advance(milestone, "approve", by=by, role=role, changes={"approved_at": now(), "auto_approve_at": None})
    paid = release_milestone_pay(milestone)
    publish(MilestoneApproved(**milestone_facts(order, milestone), by_clock=by is None, paid=paid or 0))
