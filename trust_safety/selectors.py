"""Reads of trust and safety."""

from collections.abc import Collection
from uuid import UUID

from accounts.models import User
from accounts.selectors import reads_everything
from khidma.kernel.clock import Now
from khidma.kernel.errors import NotFound
from khidma.media.selectors import files_of
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


def show_contest(contest: Contest) -> Contest:
    """A contest with its files."""
    return Contest.objects.select_related("cancellation").annotate(files=files_of("contest")).get(pk=contest.pk)


def may_see_contests(user: User, ids: Collection[UUID]) -> bool:
    """Whether any of these contests is about an order of this user, who may then see its files."""
    orders = Order.objects.of(user).filter(cancellation__contest__in=ids)
    return reads_everything(user) or orders.exists()


def list_overdue_contests(*, limit: int = 100) -> list[UUID]:
    """Contests that nobody decided in time and of which nobody was told yet, the oldest first."""
    overdue = Contest.objects.filter(status=ContestStatus.OPEN, decide_by__lte=Now(), overdue_at=None)
    return list(overdue.order_by("decide_by").values_list("pk", flat=True)[:limit])
