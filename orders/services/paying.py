"""The client's money: asked for, confirmed by the client or by the gateway, whichever comes first."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from gigs import services as gigs
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from orders.errors import OrderNotAwaitingPayment
from orders.events import MilestonesFunded, OrderFunded
from orders.models import Milestone, Order
from orders.services.announcing import facts
from orders.services.boosting import hold_boosts, take_up_boost
from orders.services.milestones.funding import fund_milestones, unpaid_references
from orders.states import OrderStatus
from payments import services as payments
from payments.models import Escrow, Payment, PaymentPurpose
from payments.states import EscrowStatus


@transaction.atomic
def prepare_payment(*, order: Order, client: User, milestone: Milestone | None = None) -> Payment:
    """The payment that the order waits for, made anew if there is none. The gateway's order is opened after commit.

    In milestones it is for the one that is named, or for all that are left.
    :raises OrderNotAwaitingPayment: the order has ended.
    :raises AlreadyPaid: its money is here.
    """
    order = lock(order)
    if order.status == OrderStatus.CANCELLED:
        raise OrderNotAwaitingPayment(details={"status": order.status})
    if milestone is not None:
        purpose, references = PaymentPurpose.MILESTONE, unpaid_references(order, milestone.pk)
    else:
        purpose = PaymentPurpose.ORDER
        references = unpaid_references(order) if order.has_milestones else [order.pk]
    return payments.start_payment(payer=client, references=references, purpose=purpose)


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
    boosts, orders = hold_boosts(payment.references), _lock_in_order(payment.references)
    payment = payments.record_sighting(payment_id=payment.pk, sighting=sighting)
    for boost in boosts:
        take_up_boost(boost, by=client, role="client")
    for order in orders:
        take_up(order, by=client, role="client")
    return payment


@transaction.atomic
def take_up_payment(*, references: Sequence[UUID]) -> None:
    """Let the orders begin, and show the boosts, whose money has arrived; what began before, or ended, stays."""
    for boost in hold_boosts(references):
        take_up_boost(boost, by=None, role="system")
    for order in _lock_in_order(references):
        take_up(order, by=None, role="system")


def _lock_in_order(references: Sequence[UUID]) -> list[Order]:
    """The orders that these are about, as a whole or by a milestone."""
    about = Q(pk__in=references) | Q(pk__in=Milestone.objects.filter(pk__in=references).values("order_id"))
    return list(Order.objects.select_for_update(of=("self",), no_key=True).filter(about).order_by("pk"))


def take_up(order: Order, *, by: User | None, role: str) -> None:
    """Let a locked order, or those of its milestones, begin whose money is here; what has begun stays as it is."""
    if order.has_milestones:
        _take_up_milestones(order, by=by, role=role)
    elif (
        order.status == OrderStatus.PENDING_PAYMENT
        and Escrow.objects.get(reference=order.pk).status == EscrowStatus.FUNDED
    ):
        _begin(order, by=by, role=role, held=order.amount)


def _take_up_milestones(order: Order, *, by: User | None, role: str) -> None:
    funded = fund_milestones(order, by=by, role=role)
    held = sum(milestone.amount for milestone in funded)
    if funded and order.status == OrderStatus.PENDING_PAYMENT:
        _begin(order, by=by, role=role, held=held)
    elif funded:
        publish(MilestonesFunded(**facts(order), milestone_ids=[row.pk for row in funded], held=held))


def _begin(order: Order, *, by: User | None, role: str, held: int) -> None:
    """Start the work of a locked order, of whose money `held` paise have come."""
    funded_at = now()
    changes = {
        "funded_at": funded_at,
        "due_at": order.due_at if order.delivery_days is None else funded_at + timedelta(days=order.delivery_days),
        "start_code": f"{secrets.randbelow(10_000):04d}" if order.is_on_site else "",
    }
    advance(order, "pay", by=by, role=role, changes=changes)
    if order.is_on_site:
        gigs.reveal_address(gig_id=order.gig_id, doer_id=order.doer_id)
    publish(OrderFunded(**facts(order), due_at=order.due_at, held=held))
