"""Milestones that were paid and never worked: the doer is asked, and some days later the clock refunds."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from orders.events import MilestoneOverdue, MilestoneRefunded
from orders.models import Milestone, Order
from orders.runtime import OrderSettings
from orders.services.announcing import milestone_facts
from orders.services.milestones.deciding import lock_if_free
from orders.services.milestones.ending import go_on, refund_milestones


@transaction.atomic
def ask_about_overdue_milestone(*, milestone_id: UUID) -> bool:
    """Ask the doer, once. False: another caller holds the order, or there is nothing to ask about."""
    rules, order = OrderSettings.load(), lock_if_free(milestone_id)
    overdue = Milestone.objects.overdue_since(Now() - timedelta(days=rules.overdue_days)).filter(pk=milestone_id)
    milestone = overdue.select_for_update(of=("self",), no_key=True).first() if order else None
    if order is None or milestone is None:
        return False
    milestone.asked_at = now()
    milestone.save(update_fields=["asked_at"])
    refund_at = milestone.asked_at + timedelta(days=rules.overdue_answer_days)
    publish(MilestoneOverdue(**milestone_facts(order, milestone), refund_at=refund_at))
    return True


@transaction.atomic
def refund_overdue_milestone(*, milestone_id: UUID) -> bool:
    """Give the client's money back, as nothing came after the question either. False: too early, or decided."""
    order = lock_if_free(milestone_id)
    since = Now() - timedelta(days=OrderSettings.load().overdue_answer_days)
    if order is None or not Milestone.objects.asked_since(since).filter(pk=milestone_id).exists():
        return False
    _refund(order, milestone_id)
    return True


def _refund(order: Order, milestone_id: UUID) -> None:
    settlements = refund_milestones(
        order, doer_bp=0, decision="overdue", by=None, role="system", reason="overdue", only=milestone_id
    )
    milestone = order.milestones.get(pk=milestone_id)
    refunded = settlements[milestone_id].refunded
    publish(MilestoneRefunded(**milestone_facts(order, milestone), refunded=refunded))
    go_on(order)
