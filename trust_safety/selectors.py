"""Reads of trust and safety."""

from uuid import UUID

from khidma.kernel.clock import Now
from khidma.kernel.errors import NotFound
from orders.models import Cancellation, Order
from trust_safety.models import Contest
from trust_safety.states import ContestStatus


def cancellation_of(order: Order) -> Cancellation | None:
    """How the order was cancelled, if it was."""
    return Cancellation.objects.filter(order=order).first()


def get_cancellation(cancellation_id: UUID) -> Cancellation:
    """Any cancellation, for operators. :raises NotFound: no such cancellation."""
    cancellation = Cancellation.objects.filter(pk=cancellation_id).first()
    if cancellation is None:
        raise NotFound
    return cancellation


def list_overdue_contests(*, limit: int = 100) -> list[UUID]:
    """Contests that nobody decided in time and of which nobody was told yet, the oldest first."""
    overdue = Contest.objects.filter(status=ContestStatus.OPEN, decide_by__lte=Now(), overdue_at=None)
    return list(overdue.order_by("decide_by").values_list("pk", flat=True)[:limit])
