"""The client's money: asked for, confirmed by the client or by the gateway, whichever comes first."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import User
from gigs import services as gigs
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from orders.errors import OrderNotAwaitingPayment
from orders.events import OrderFunded
from orders.models import Order
from orders.services.announcing import facts
from orders.states import OrderStatus
from payments import services as payments
from payments.models import Escrow, Payment, PaymentPurpose
from payments.states import EscrowStatus


@transaction.atomic
def prepare_payment(*, order: Order, client: User) -> Payment:
    """The payment that the order waits for, made anew if there is none. The gateway's order is opened after commit.

    :raises OrderNotAwaitingPayment: the order has ended.
    :raises AlreadyPaid: its money is here.
    """
    order = lock(order)
    if order.status == OrderStatus.CANCELLED:
        raise OrderNotAwaitingPayment(details={"status": order.status})
    return payments.start_payment(payer=client, references=[order.pk], purpose=PaymentPurpose.ORDER)


def verify_payment(*, payment: Payment, client: User, gateway_payment_id: str, signature: str) -> Payment:
    """Believe the gateway, not the client: look there, then book what it says. Call this outside any transaction.

    While the gateway does not answer the payment stays as it is: the webhook or the poller will tell.
    :raises InvalidSignature: nothing that the client brought is believed.
    :raises AmountMismatch: other money came than was asked for; it is set aside.
    """
    sighting = payments.look_at_checkout(
        payment_id=payment.pk, gateway_payment_id=gateway_payment_id, signature=signature
    )
    return confirm_payment(payment=payment, sighting=sighting, client=client)


@transaction.atomic
def confirm_payment(*, payment: Payment, sighting: payments.Sighting, client: User) -> Payment:
    """Book what the gateway says about the client's payment and let the paid order begin, as one."""
    orders = _lock_in_order([item.escrow.reference for item in payment.items.select_related("escrow")])
    payment = payments.record_sighting(payment_id=payment.pk, sighting=sighting)
    for order in orders:
        _begin_if_funded(order, by=client, role="client")
    return payment


@transaction.atomic
def take_up_payment(*, references: Sequence[UUID]) -> None:
    """Let the orders begin whose money has arrived; those that began before, or ended, stay as they are."""
    for order in _lock_in_order(references):
        _begin_if_funded(order, by=None, role="system")


def _lock_in_order(references: Sequence[UUID]) -> list[Order]:
    return list(Order.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=references).order_by("pk"))


def _begin_if_funded(order: Order, *, by: User | None, role: str) -> None:
    if (
        order.status == OrderStatus.PENDING_PAYMENT
        and Escrow.objects.get(reference=order.pk).status == EscrowStatus.FUNDED
    ):
        begin(order, by=by, role=role)


def begin(order: Order, *, by: User | None, role: str) -> None:
    """Start the work of a locked order whose escrow holds its money."""
    funded_at = now()
    changes = {
        "funded_at": funded_at,
        "due_at": order.due_at if order.delivery_days is None else funded_at + timedelta(days=order.delivery_days),
        "start_code": f"{secrets.randbelow(10_000):04d}" if order.is_on_site else "",
    }
    advance(order, "pay", by=by, role=role, changes=changes)
    if order.is_on_site:
        gigs.reveal_address(gig_id=order.gig_id, doer_id=order.doer_id)
    publish(OrderFunded(**facts(order), due_at=order.due_at))
