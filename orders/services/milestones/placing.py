"""The milestones of a new order, each with a place for its own money."""

from gigs.models import Application
from khidma.kernel.money import portion, split
from khidma.kernel.states import record_change
from orders.models import Milestone, Order
from orders.selectors import supply_class_of
from payments import services as payments


def place_milestones(order: Order, application: Application) -> list[Milestone]:
    """Take the application's steps over. The order's commission is divided here, once, by largest remainder."""
    steps = list(application.milestones.order_by("position"))
    commissions = split(portion(order.amount, order.commission_bp), [step.amount for step in steps])
    milestones = []
    for position, (step, commission) in enumerate(zip(steps, commissions, strict=True)):
        milestone = Milestone.objects.create(
            order=order,
            position=position,
            title=step.title,
            amount=step.amount,
            commission=commission,
            due_at=step.due_at,
            turn_at=order.created_at if position == 0 else None,
        )
        record_change(milestone, action="place", by=order.client, role="client")
        _open_escrow(order, milestone)
        milestones.append(milestone)
    return milestones


def _open_escrow(order: Order, milestone: Milestone) -> None:
    payments.open_escrow(
        reference=milestone.pk,
        part_of=order.pk,
        payer=order.client,
        payee=order.doer,
        amount=milestone.amount,
        commission_bp=order.commission_bp,
        commission=milestone.commission,
        supply_class=supply_class_of(order.gig),
        title=f"{order.gig.title}: {milestone.title}",
    )
