"""Reads of orders: which ones an actor may know of, and what their screens show."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import User
from accounts.selectors import reads_everything
from khidma.kernel.errors import NotFound
from khidma.kernel.models import StateChange
from khidma.media.selectors import files_of
from orders.models import Deliverable, Milestone, Order, OrderQuerySet, RevisionRequest
from payments import services as payments
from payments.models import Escrow, Payment, PaymentItem
from payments.selectors import Returned, returned_of
from payments.states import EscrowStatus


@dataclass(frozen=True)
class OrderMoney:
    """The figures of one order, in paise, over all of its escrows: the agreed shares, and the real ones of what is
    decided; nothing of what was given up."""

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


def may_see_deliverables(user: User, ids: Collection[UUID]) -> bool:
    """Whether any of this work is of an order of this user, who may then see its files."""
    orders = Order.objects.of(user).filter(deliverables__in=ids)
    return reads_everything(user) or orders.exists()


def get_order(order_id: UUID) -> Order:
    """Any order, for operators. :raises NotFound: no such order."""
    order = Order.objects.select_related("gig").filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return order


def list_all_orders(*, status: Sequence[str] = (), **exact: str | UUID) -> OrderQuerySet:
    """Every order, for operators; `exact` names columns and their values."""
    orders = _for_screens(Order.objects.filter(**exact))
    return orders.filter(status__in=status) if status else orders


def show_order_to_operator(operator: User, order_id: UUID) -> OrderScreen:
    """The order as an operator sees it. :raises NotFound: no such order."""
    order = list_all_orders(pk=order_id).first()
    if order is None:
        raise NotFound
    return show_orders_to(operator, [order])[0]


def show_order_for(actor: User, order_id: UUID) -> OrderScreen:
    """The order as its party sees it. :raises NotFound: no such order, or somebody else's."""
    order = _for_screens(Order.objects.of(actor)).filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return show_orders_to(actor, [order])[0]


def get_payment_for(actor: User, gateway_order_id: str) -> tuple[Payment, Order | None]:
    """A payment by the gateway's name for it, with the order that it is for: one that the actor is a party of.

    A boost is for no order, and its buyer's alone. :raises NotFound: no such payment, or somebody else's.
    """
    payment = Payment.objects.filter(gateway_order_id=gateway_order_id).first()
    if payment is None:
        raise NotFound
    item = payment.items.select_related("escrow").first()
    if item is not None:
        return payment, get_order_for(actor, item.escrow.whole)
    if payment.payer_id != actor.pk:
        raise NotFound
    return payment, None


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


def get_milestone_for(order: Order, milestone_id: UUID) -> Milestone:
    """A milestone of this order. :raises NotFound: it has no such milestone."""
    milestone = order.milestones.filter(pk=milestone_id).first()
    if milestone is None:
        raise NotFound
    return milestone


def list_changes_of(order: Order) -> QuerySet[StateChange]:
    """Every change of state of the order and its milestones, oldest first."""
    about_order = Q(subject_type=Order.states.name, subject_id=order.pk)
    about_milestones = Q(subject_type=Milestone.states.name, subject_id__in=order.milestones.values("pk"))
    return StateChange.objects.filter(about_order | about_milestones).order_by("id")


def escrows_of(orders: Iterable[Order]) -> dict[UUID, list[Escrow]]:
    """The escrows of each order, by its id: one under its own id, or one for each of its milestones."""
    ids = [order.pk for order in orders]
    grouped: dict[UUID, list[Escrow]] = defaultdict(list)
    for escrow in Escrow.objects.filter(Q(reference__in=ids) | Q(part_of__in=ids)).order_by("id"):
        grouped[escrow.whole].append(escrow)
    return grouped


def money_of(orders: Sequence[Order]) -> dict[UUID, OrderMoney]:
    """The figures of each order, by its id."""
    escrows = escrows_of(orders)
    every = [escrow.pk for found in escrows.values() for escrow in found]
    items = PaymentItem.objects.filter(escrow__in=every).select_related("payment", "escrow").order_by("id")
    newest = {item.escrow.whole: item.payment for item in items}
    quoted = _quotes(orders, escrows)
    returned = returned_of(every)
    return {order.pk: _figures(quoted, returned, escrows[order.pk], newest.get(order.pk)) for order in orders}


def escrow_state(escrows: Sequence[Escrow]) -> str:
    """The decision in the words of the contract: funded from the first money until everything has ended."""
    statuses = {escrow.status for escrow in escrows}
    if not statuses & {EscrowStatus.FUNDED, EscrowStatus.DECIDED}:
        return "awaiting_payment"
    if statuses & {EscrowStatus.FUNDED, EscrowStatus.AWAITING}:
        return "funded"
    return "released" if any(escrow.payee_gross for escrow in escrows) else "refunded"


def _quotes(orders: Sequence[Order], escrows: Mapping[UUID, list[Escrow]]) -> dict[UUID, payments.Shares]:
    """What the undecided escrows of these orders come to today, by the escrow's id."""
    undecided, gross = [], {}
    for order in orders:
        for escrow in escrows[order.pk]:
            if escrow.status in (EscrowStatus.AWAITING, EscrowStatus.FUNDED):
                undecided.append(escrow)
                if (left := _doers_gross(order, escrow)) is not None:
                    gross[escrow.pk] = left
    return payments.shares_of_each(undecided, payee_gross=gross)


def _figures(
    quoted: Mapping[UUID, payments.Shares],
    returned: Mapping[UUID, Returned],
    escrows: Sequence[Escrow],
    payment: Payment | None,
) -> OrderMoney:
    gone = {row.pk: returned.get(row.pk, Returned()) for row in escrows}
    shares = [
        quoted.get(row.pk) or _decided(row, gone[row.pk]) for row in escrows if row.status != EscrowStatus.ABANDONED
    ]
    return OrderMoney(
        escrow_state=escrow_state(escrows),
        platform_fee=sum(part.platform_fee for part in shares),
        gst=sum(part.gst for part in shares),
        tds=sum(part.tds for part in shares),
        doer_payout=sum(part.payee_net for part in shares),
        refunded_amount=sum((row.refunded or 0) + gone[row.pk].amount for row in escrows),
        payment=payment,
    )


def _decided(escrow: Escrow, gone: Returned) -> payments.Shares:
    """What was decided, less what went back after the release."""
    return payments.Shares(
        platform_fee=(escrow.platform_fee or 0) - gone.platform_fee,
        gst=(escrow.gst or 0) - gone.gst,
        tds=(escrow.tds or 0) - gone.tds,
        supply_gst=escrow.supply_gst or 0,
        tcs=escrow.tcs or 0,
        payee_net=(escrow.payee_net or 0) - gone.payee_part,
    )


def _doers_gross(order: Order, escrow: Escrow) -> int | None:
    """What a cancellation leaves the doer before fees, while a part of it is still held; else all that there is."""
    cancellation = order.cancellation_or_none
    parts = cancellation.parts.all() if cancellation else []
    return next((part.doer_gross for part in parts if part.reference == escrow.reference), None)


def _for_screens(orders: OrderQuerySet) -> OrderQuerySet:
    return orders.select_related("gig", "client", "doer", "cancellation").prefetch_related(
        "cancellation__parts",
        Prefetch("milestones", Milestone.objects.order_by("position")),
        Prefetch("deliverables", Deliverable.objects.annotate(files=files_of("deliverable")).order_by("id")),
        Prefetch("revision_requests", RevisionRequest.objects.order_by("number")),
    )
