"""Refunds by operators: of what is held while an order runs, a part or all of it; of what was released, later."""

from django.db import transaction

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.events import publish
from khidma.kernel.states import lock, record_change
from orders.errors import OrderNotRefundable
from orders.events import OrderRefunded
from orders.models import CancelReason, Order
from orders.policy import Fault
from orders.selectors import escrows_of
from orders.services.announcing import facts
from orders.services.cancelling import end_by_policy, hold_money
from orders.services.dividing import everything_back
from orders.services.milestones.ending import drop_unpaid_milestones
from orders.services.milestones.refunding import holdings_of, refund_from_milestones
from orders.services.returning import return_released
from orders.states import ENDED, OrderStatus
from payments import services as payments


@transaction.atomic
def refund_order(*, order: Order, operator: User, amount: int, reason: str) -> Order:
    """Send so much of what is held back to the client, in paise. All of it ends an order without submitted work.

    Of an ended order, so much of what was released is returned.
    :raises OrderNotRefundable: nothing was paid, or nothing is left to go back.
    :raises PartTooLarge: less than ₹1 would be left of an order that goes on.
    :raises ReturnTooLarge: more than was released and has not gone back.
    """
    order = lock(order)
    if order.status in ENDED and order.is_paid_for:
        return return_released(order, operator=operator, amount=amount, reason=reason)
    _require_paid(order)
    hold_money(order)
    held = _held(order)
    if amount == held and _is_all_untouched(order):
        if order.has_milestones:
            drop_unpaid_milestones(order, by=operator, role="operator", reason=reason)
        division = everything_back(order, fault=Fault.NONE, row="operator")
        end_by_policy(order, division, by=operator, side="operator", reason=CancelReason.OTHER, comment=reason)
    else:
        _refund_part(order, amount, by=operator, reason=reason)
        record_change(order, action="refund", source=order.status, by=operator, role="operator", reason=reason)
        publish(OrderRefunded(**facts(order), refunded=amount, reason=reason))
    record_act(
        actor_id=operator.pk,
        action="refund_order",
        target_type="order",
        target_id=order.pk,
        reason=reason,
        before={"held": held},
        after={"held": _held(order), "refunded": amount},
    )
    return order


def _require_paid(order: Order) -> None:
    """:raises OrderNotRefundable: there is no money in escrow that is not decided about."""
    if order.status in ENDED or not order.is_paid_for:
        raise OrderNotRefundable(details={"status": order.status})


def _held(order: Order) -> int:
    """What is in escrow for the work that goes on, in paise."""
    if order.has_milestones:
        return sum(part.held for part in holdings_of(order))
    return sum(escrow.held for escrow in escrows_of([order])[order.pk])


def _is_all_untouched(order: Order) -> bool:
    """Whether no work was handed in for any money that is held: then all of it can go back, and the order ends."""
    if order.has_milestones:
        return order.status == OrderStatus.IN_PROGRESS and all(part.can_end for part in holdings_of(order))
    return order.status == OrderStatus.IN_PROGRESS and order.submitted_at is None


def _refund_part(order: Order, amount: int, *, by: User, reason: str) -> None:
    if order.has_milestones:
        refund_from_milestones(order, holdings_of(order), amount=amount, by=by, reason=reason)
    else:
        payments.refund_part(reference=order.pk, amount=amount)
