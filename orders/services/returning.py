"""Refunds by operators after the doer was paid: the money is returned out of the doer's wallet and our fee."""

from collections.abc import Iterator

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.events import publish
from khidma.kernel.states import record_change
from orders.errors import OrderNotRefundable
from orders.events import OrderRefunded
from orders.models import Order
from orders.selectors import escrows_of
from orders.services.announcing import facts
from payments import selectors as money
from payments import services as payments
from payments.errors import ReturnTooLarge
from payments.models import Escrow


def return_released(order: Order, *, operator: User, amount: int, reason: str) -> Order:
    """Send so much of what a locked, ended order has released back to the client, in paise; the state stays.

    :raises OrderNotRefundable: nothing was released, or all of it has gone back.
    :raises ReturnTooLarge: more than is left of it.
    """
    released = payments.lock_escrows([row.reference for row in escrows_of([order])[order.pk]])
    rooms = [(row, money.returnable_of(row)) for row in released]
    rooms = [(row, room) for row, room in rooms if room >= payments.SMALLEST_REFUND]
    most = sum(room for _, room in rooms)
    if not most:
        raise OrderNotRefundable(details={"status": order.status})
    if amount > most:
        raise ReturnTooLarge(details={"maximum": most})
    parts = list(divide_over(rooms, amount))
    if sum(part for _, part in parts) != amount:  # a rest that the gateway would not send
        raise ReturnTooLarge(details={"maximum": max(room for _, room in rooms)})
    for escrow, part in parts:
        payments.return_after_release(reference=escrow.reference, amount=part, operator=operator, reason=reason)
    record_change(order, action="refund", source=order.status, by=operator, role="operator", reason=reason)
    publish(OrderRefunded(**facts(order), refunded=amount, reason=reason))
    record_act(
        actor_id=operator.pk,
        action="refund_order",
        target_type="order",
        target_id=order.pk,
        reason=reason,
        before={"returnable": most},
        after={"returnable": most - amount, "refunded": amount},
    )
    return order


def divide_over(rooms: list[tuple[Escrow, int]], amount: int) -> Iterator[tuple[Escrow, int]]:
    """What goes back of each escrow: of the last one decided first, and nowhere less than the gateway sends.

    Where a rest below that would be left over, the escrow before it gives so much less.
    """
    left = amount
    for escrow, room in sorted(rooms, key=lambda pair: (pair[0].decided_at, pair[0].pk), reverse=True):
        part = min(room, left)
        if 0 < left - part < payments.SMALLEST_REFUND:
            part -= payments.SMALLEST_REFUND - (left - part)
        if part >= payments.SMALLEST_REFUND:
            yield escrow, part
            left -= part
