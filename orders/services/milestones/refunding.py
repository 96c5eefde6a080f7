"""Refunds by operators from the milestones of a running order: the latest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from orders.models import Order
from orders.services.milestones.choosing import lock_milestones
from orders.services.milestones.ending import UNDER_WAY, go_on, refund_milestones
from orders.states import OrderStatus
from payments import selectors as money
from payments import services as payments
from payments.errors import PartTooLarge
from payments.services import SMALLEST_REFUND


@dataclass(frozen=True)
class Holding:
    """What is held for one milestone, in paise; all of it can go back only where nothing was ever handed in."""

    reference: UUID
    held: int
    can_end: bool

    @property
    def most(self) -> int:
        return self.held if self.can_end else max(self.held - SMALLEST_REFUND, 0)


def holdings_of(order: Order) -> list[Holding]:
    """What is held for the milestones of a locked order, in their order."""
    rows = [row for row in lock_milestones(order) if row.status in UNDER_WAY]
    return [Holding(row.pk, money.escrow_of(row.pk).held, can_end=row.submitted_at is None) for row in rows]


def refund_from_milestones(order: Order, holdings: Sequence[Holding], *, amount: int, by: User, reason: str) -> None:
    """Send so much back from the milestones of a locked order; one of which nothing is left ends as refunded.

    :raises PartTooLarge: it cannot be taken without leaving less than ₹1 for work that was handed in.
    """
    for holding, part in plan_refund(holdings, amount):
        if part == holding.held:
            refund_milestones(
                order,
                doer_bp=0,
                decision="refunded by an operator",
                by=by,
                role="operator",
                reason=reason,
                only=holding.reference,
            )
        else:
            payments.refund_part(reference=holding.reference, amount=part)
    if order.status == OrderStatus.IN_PROGRESS:
        go_on(order)


def plan_refund(holdings: Sequence[Holding], amount: int) -> list[tuple[Holding, int]]:
    """How much comes from which, the latest first: never less than the gateway sends back, never a rest below it.

    :raises PartTooLarge: the amount cannot be made up.
    """
    plan, rest = [], amount
    for holding in reversed(holdings):
        part = _part_of(holding, rest)
        if part:
            plan.append((holding, part))
            rest -= part
    if rest:
        raise PartTooLarge(details={"maximum": sum(holding.most for holding in holdings)})
    return plan


def _part_of(holding: Holding, rest: int) -> int:
    """What this one gives to a rest that is still wanted; what it leaves wanted is 0, or enough to be sent back."""
    if holding.can_end and (rest == holding.held or rest >= holding.held + SMALLEST_REFUND):
        return holding.held
    part = min(rest, holding.held - SMALLEST_REFUND)
    if 0 < rest - part < SMALLEST_REFUND:
        part = rest - SMALLEST_REFUND
    return part if part >= SMALLEST_REFUND else 0
