"""Reads of orders: which ones an actor may know of, and what their screens show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch

from accounts.models import User
from khidma.kernel.errors import NotFound
from orders.models import Deliverable, Order, OrderQuerySet, RevisionRequest
from payments import services as payments
from payments.models import Escrow, Payment, PaymentItem
from payments.states import EscrowStatus


@dataclass(frozen=True)
class OrderMoney:
    """The figures of one order, in paise: the agreed shares, and the real ones once the escrow is decided."""

    escrow_state: str
    platform_fee: int
    gst: int
    tds: int
    doer_payout: int
    refunded_amount: int
    payment: Payment | None = None

    @property
    def due(self) -> Payment:
        """The newest payment. :raises ValueError: none was ever started."""
        if self.payment is None:
            raise ValueError("This order has no payment.")
        return self.payment

    @property
    def gateway_order_id(self) -> str | None:
        return self.payment.gateway_order_id if self.payment else None

    @property
    def gateway_payment_id(self) -> str | None:
        return self.payment.gateway_payment_id or None if self.payment else None


@dataclass(frozen=True)
class OrderScreen:
    """An order with everything that one of its parties sees of it; `checkout` right after it was placed."""

    order: Order
    money: OrderMoney
    viewer: User
    checkout: Payment | None = None

    @property
    def side(self) -> str | None:
        return self.order.side_of(self.viewer)


def get_order_for(actor: User, order_id: UUID) -> Order:
    """The order, if the actor is a party of it. :raises NotFound: no such order, or somebody else's."""
    order = Order.objects.of(actor).select_related("gig").filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return order


def show_order_for(actor: User, order_id: UUID) -> OrderScreen:
    """The order as its party sees it. :raises NotFound: no such order, or somebody else's."""
    order = _for_screens(Order.objects.of(actor)).filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return show_orders_to(actor, [order])[0]


def get_payment_for(actor: User, gateway_order_id: str) -> tuple[Payment, Order]:
    """A payment of an order that the actor is a party of, by the gateway's name for it. :raises NotFound:"""
    items = PaymentItem.objects.filter(payment__gateway_order_id=gateway_order_id).select_related("payment", "escrow")
    item = items.first()
    if item is None:
        raise NotFound
    return item.payment, get_order_for(actor, item.escrow.reference)


def list_orders_for(actor: User, *, role: str | None = None, status: Sequence[str] = ()) -> OrderQuerySet:
    """The actor's orders, on one side or on both."""
    sides = {None: Order.objects.of(actor), "client": actor.orders_as_client.all(), "doer": actor.orders_as_doer.all()}
    orders = _for_screens(sides[role])
    return orders.filter(status__in=status) if status else orders


def show_orders_to(viewer: User, orders: Iterable[Order]) -> list[OrderScreen]:
    """The screens of these orders; a fixed number of queries for any number of orders."""
    orders = list(orders)
    money = money_of(orders)
    return [OrderScreen(order, money[order.pk], viewer) for order in orders]


def money_of(orders: Sequence[Order]) -> dict[UUID, OrderMoney]:
    """The figures of each order, by its id."""
    escrows = Escrow.objects.in_bulk([order.pk for order in orders], field_name="reference")
    items = PaymentItem.objects.filter(escrow__in=escrows.values()).select_related("payment", "escrow").order_by("id")
    newest = {item.escrow.reference: item for item in items}
    return {order.pk: _figures(escrows[order.pk], newest.get(order.pk)) for order in orders}


def escrow_state(escrow: Escrow) -> str:
    """The decision in the words of the contract."""
    if escrow.status == EscrowStatus.DECIDED:
        return "released" if escrow.payee_gross else "refunded"
    return "funded" if escrow.status == EscrowStatus.FUNDED else "awaiting_payment"


def _figures(escrow: Escrow, item: PaymentItem | None) -> OrderMoney:
    """Until the escrow is decided the shares are a quote at the rates of today."""
    shares = payments.quote_shares(amount=escrow.amount, commission_bp=escrow.commission_bp)
    is_decided = escrow.status == EscrowStatus.DECIDED
    return OrderMoney(
        escrow_state=escrow_state(escrow),
        platform_fee=escrow.platform_fee or 0 if is_decided else shares.platform_fee,
        gst=escrow.gst or 0 if is_decided else shares.gst,
        tds=escrow.tds or 0 if is_decided else shares.tds,
        doer_payout=escrow.payee_net or 0 if is_decided else shares.payee_net,
        refunded_amount=escrow.refunded or 0,
        payment=item.payment if item else None,
    )


def _for_screens(orders: OrderQuerySet) -> OrderQuerySet:
    return orders.select_related("gig", "client", "doer").prefetch_related(
        Prefetch("deliverables", Deliverable.objects.order_by("id")),
        Prefetch("revision_requests", RevisionRequest.objects.order_by("number")),
    )
