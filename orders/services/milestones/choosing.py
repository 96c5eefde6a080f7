"""The milestones that a step is about, under their locks. The caller holds the order's lock."""

from uuid import UUID

from khidma.kernel.errors import NotFound, Refused
from orders.errors import OrderNotInProgress
from orders.models import Milestone, Order
from orders.states import OrderStatus


def lock_milestones(order: Order) -> list[Milestone]:
    """All milestones of a locked order, in their order."""
    return list(order.milestones.select_for_update(of=("self",), no_key=True).order_by("position"))


def choose_milestones(
    order: Order, action: str, *, role: str, only: UUID | None, refusal: type[Refused]
) -> list[Milestone]:
    """Those that the step can be taken on now, or `only` the one that was named.

    :raises Refused: `refusal` if there is none; the step's own one for the milestone that was named.
    :raises OrderNotInProgress: the order stands still.
    """
    milestones = lock_milestones(order)
    if only is not None:
        return [_named(order, milestones, action, role=role, only=only)]
    chosen = [row for row in milestones if row.states.allows(action, row.status)]
    if order.status != OrderStatus.IN_PROGRESS or not chosen:
        raise refusal(details={"status": order.status})
    return chosen


def _named(order: Order, milestones: list[Milestone], action: str, *, role: str, only: UUID) -> Milestone:
    milestone = next((row for row in milestones if row.pk == only), None)
    if milestone is None:
        raise NotFound
    milestone.states.find(action, milestone.status, role)
    if order.status != OrderStatus.IN_PROGRESS:
        raise OrderNotInProgress(details={"status": order.status})
    return milestone
