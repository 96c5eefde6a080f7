"""The clocks of orders: who finds what is due and calls one service for each."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import QuerySet

from khidma.kernel.clock import Now
from khidma.kernel.sweeps import sweep
from orders import services
from orders.models import Boost, Cancellation, Milestone, Order, Review
from orders.runtime import OrderSettings

log = structlog.get_logger(__name__)


@sweep(every=30)
def expire_unpaid_orders() -> int:
    """End what was not paid in time; how many."""
    due = Order.objects.unpaid_past(Now()).order_by("unpaid_due_at")
    return _each(due, lambda key: services.expire_unpaid(order_id=key))


@sweep(every=30)
def expire_unpaid_boosts() -> int:
    """Give up the boosts that were not paid in time; how many."""
    due = Boost.objects.unpaid_past(Now()).order_by("unpaid_due_at")
    return _each(due, lambda key: services.expire_unpaid_boost(boost_id=key))


@sweep(every=30)
def approve_unanswered_work() -> int:
    """Approve what nobody answered in time; how many."""
    due = Order.objects.unanswered_past(Now()).order_by("auto_approve_at")
    return _each(due, lambda key: services.approve_by_clock(order_id=key))


@sweep(every=30)
def approve_unanswered_milestones() -> int:
    """Approve the milestones that nobody answered in time; how many."""
    due = Milestone.objects.unanswered_past(Now()).order_by("auto_approve_at")
    return _each(due, lambda key: services.approve_milestone_by_clock(milestone_id=key))


@sweep(every=30)
def release_held_orders() -> int:
    """Pay for approved orders whose release was held; how many."""
    return _each(services.held_orders().order_by("approved_at"), lambda key: services.release_held_order(order_id=key))


@sweep(every=30)
def release_held_milestones() -> int:
    """Pay for approved milestones whose release was held; how many."""
    due = services.held_milestones().order_by("approved_at")
    return _each(due, lambda key: services.release_held_milestone(milestone_id=key))


@sweep(every=300)
def drop_unpaid_milestones() -> int:
    """Give up the milestones whose money did not come after their turn; how many."""
    since = Now() - timedelta(days=OrderSettings.load().milestone_wait_days)
    due = Milestone.objects.unfunded_since(since).order_by("turn_at")
    return _each(due, lambda key: services.drop_milestone_by_clock(milestone_id=key))


@sweep(every=300)
def ask_about_overdue_milestones() -> int:
    """Ask the doers of milestones that were paid and never handed in, long past their date; how many."""
    since = Now() - timedelta(days=OrderSettings.load().overdue_days)
    due = Milestone.objects.overdue_since(since).order_by("due_at")
    return _each(due, lambda key: services.ask_about_overdue_milestone(milestone_id=key))


@sweep(every=300)
def refund_overdue_milestones() -> int:
    """Refund the milestones whose doer was asked in vain; how many."""
    since = Now() - timedelta(days=OrderSettings.load().overdue_answer_days)
    due = Milestone.objects.asked_since(since).order_by("asked_at")
    return _each(due, lambda key: services.refund_overdue_milestone(milestone_id=key))


@sweep(every=30)
def settle_cancellations() -> int:
    """Pay out what nobody contested in time; how many."""
    due = Order.objects.filter(cancellation__in=Cancellation.objects.due(Now()))
    return _each(due.order_by("cancellation__due_at"), lambda key: services.settle_cancellation(order_id=key))


@sweep(every=300)
def ask_silent_doers() -> int:
    """Ask where nothing was ever handed in, long past the deadline; how many."""
    due = services.silent_orders().filter(silence_question=None).order_by("due_at")
    return _each(due, lambda key: services.ask_silent(order_id=key))


@sweep(every=300)
def refund_silent_orders() -> int:
    """Refund the clients of doers who did not answer; how many."""
    due = Order.objects.filter(silence_question__due_at__lte=Now())
    return _each(due.order_by("silence_question__due_at"), lambda key: services.refund_silent(order_id=key))


@sweep(every=3_600)
def forget_old_quotes() -> int:
    """Delete quotes that have long expired; how many."""
    return services.forget_quotes()


@sweep(every=60)
def show_due_reviews() -> int:
    """Show the reviews that have waited long enough for the other side's; how many."""
    due = Review.objects.due().order_by("due_at")
    return _each(due, lambda key: services.show_review(review_id=key))


def _each(due: QuerySet[Any], step: Callable[[UUID], bool]) -> int:
    """Take the step for each; one that fails is logged, stays due, and holds up no other."""
    return sum(_taken(step, key) for key in list(due.values_list("pk", flat=True)))


def _taken(step: Callable[[UUID], bool], key: UUID) -> bool:
    try:
        return step(key)
    except Exception as error:
        log.exception("order_clock_failed", id=str(key), error=type(error).__name__)
        return False
