"""The clocks of orders: who finds what is due and calls one service for each."""

from collections.abc import Callable
from uuid import UUID

import structlog

from khidma.kernel.clock import Now
from khidma.kernel.sweeps import sweep
from orders import services
from orders.models import Order, OrderQuerySet

log = structlog.get_logger(__name__)


@sweep(every=30)
def expire_unpaid_orders() -> int:
    """End what was not paid in time; how many."""
    return _each(Order.objects.unpaid_past(Now()).order_by("unpaid_due_at"), services.expire_unpaid)


@sweep(every=30)
def approve_unanswered_work() -> int:
    """Approve what nobody answered in time; how many."""
    return _each(Order.objects.unanswered_past(Now()).order_by("auto_approve_at"), services.approve_by_clock)


def _each(due: OrderQuerySet, step: Callable[..., bool]) -> int:
    """Take the step for each; one that fails is logged, stays due, and holds up no other."""
    return sum(_taken(step, order_id) for order_id in list(due.values_list("pk", flat=True)))


def _taken(step: Callable[..., bool], order_id: UUID) -> bool:
    try:
        return step(order_id=order_id)
    except Exception as error:
        log.exception("order_clock_failed", order_id=str(order_id), error=type(error).__name__)
        return False
