"""The clock for work that never came: the doer is asked, then the client gets the money back."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from gigs.models import BudgetType
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from orders.events import SilenceNoticed
from orders.models import CancelReason, Order, OrderQuerySet, SilenceQuestion
from orders.policy import Fault
from orders.runtime import OrderSettings
from orders.services.announcing import facts
from orders.services.cancelling import end_by_policy
from orders.services.dividing import everything_back


def silent_orders() -> OrderQuerySet:
    """Orders of one escrow for which nothing was ever handed in, long past the deadline."""
    rules, moment = OrderSettings.load(), now()
    return Order.objects.silent_since(
        due_before=moment - timedelta(days=rules.overdue_days),
        funded_before=moment - timedelta(days=rules.overdue_days_undated),
    ).exclude(budget_type=BudgetType.MILESTONE)


@transaction.atomic
def ask_silent(*, order_id: UUID) -> bool:
    """Ask the doer whether work still comes. False: another caller holds the order, or has asked."""
    order = (
        silent_orders()
        .select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk=order_id, silence_question=None)
        .first()
    )
    if order is None:
        return False
    answer_due_at = now() + timedelta(days=OrderSettings.load().overdue_answer_days)
    SilenceQuestion.objects.create(order=order, due_at=answer_due_at)
    publish(SilenceNoticed(**facts(order), answer_due_at=answer_due_at))
    return True


@transaction.atomic
def refund_silent(*, order_id: UUID) -> bool:
    """Give the client everything back; if the order is silent no more, the question is withdrawn. False: not ours."""
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk=order_id, silence_question__due_at__lte=Now())
        .first()
    )
    if order is None:
        return False
    is_silent = silent_orders().filter(pk=order.pk).exists()
    order.silence_question.delete()
    if is_silent:
        division = everything_back(order, fault=Fault.DOER, row="silent")
        end_by_policy(order, division, by=None, side="system", reason=CancelReason.SILENT)
    return is_silent
