"""Refunds by operators while an order runs: a part of what is held, or all of it."""

from django.db import transaction

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.events import publish
from khidma.kernel.states import lock, record_change
from orders.errors import OrderNotRefundable
from orders.events import OrderRefunded
from orders.models import CancelReason, Order
from orders.policy import Fault, Outcome
from orders.services.announcing import facts
from orders.services.cancelling import end_by_policy, facts_of
from orders.states import ENDED, OrderStatus
from payments import services as payments


@transaction.atomic
def refund_order(*, order: Order, operator: User, amount: int, reason: str) -> Order:
    """Send so much of what is held back to the client, in paise. All of it ends an order without submitted work.

    :raises OrderNotRefundable: nothing was paid, or the money was decided about already.
    :raises PartTooLarge: less than ₹1 would be left of an order that goes on.
    """
    order = lock(order)
    held = _require_held(order)
    if amount == held and order.status == OrderStatus.IN_PROGRESS and order.submitted_at is None:
        outcome = Outcome(fault=Fault.NONE, row="operator", held=held, client_refund=held, doer_gross=0, kept=0)
        end_by_policy(order, outcome, by=operator, side="operator", reason=CancelReason.OTHER, comment=reason)
    else:
        payments.refund_part(reference=order.pk, amount=amount)
        record_change(order, action="refund", source=order.status, by=operator, role="operator", reason=reason)
        publish(OrderRefunded(**facts(order), refunded=amount, reason=reason))
    record_act(
        actor_id=operator.pk,
        action="refund_order",
        target_type="order",
        target_id=order.pk,
        reason=reason,
        before={"held": held},
        after={"held": facts_of(order).held, "refunded": amount},
    )
    return order


def _require_held(order: Order) -> int:
    """What is in escrow, undecided. :raises OrderNotRefundable: nothing."""
    if order.status in ENDED or not order.is_paid_for or order.has_milestones:
        raise OrderNotRefundable(details={"status": order.status})
    return facts_of(order).held
