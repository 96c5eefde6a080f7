"""The addresses of orders: find, check the side, act, show."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts import services as accounts
from gigs import selectors as gigs
from gigs.api.permissions import require_owner_of
from gigs.errors import ApplicationAlreadyDecided, GigNotOpen
from khidma.http.views import AfterCommit, ApiView, Paged, operation
from khidma.kernel.errors import GatewayUnavailable, NotFound
from khidma.kernel.models import StateChange
from orders import selectors, services
from orders.api import serializers as shapes
from orders.api.filters import EarningsQuery, OrderQuery
from orders.api.permissions import require_client, require_doer
from orders.errors import (
    MilestoneNotFunded,
    MilestoneNotSubmitted,
    OrderAlreadyStarted,
    OrderAmountTooSmall,
    OrderNotAwaitingPayment,
    OrderNotInProgress,
    OrderNotOnSite,
    OrderNotStarted,
    OrderNotSubmitted,
    RevisionLimitReached,
    StartCodeLocked,
    StartCodeWrong,
)
from orders.selectors import Earnings, OrderScreen
from payments import services as payments
from payments.errors import AlreadyPaid, AmountMismatch, InvalidSignature
from payments.models import Payment

GATEWAY_PATIENCE = 3.0
"""Seconds that a caller waits for the gateway; what it did not answer by then is made up for later."""


class ApplicationAccept(ApiView):
    @operation(
        access="user",
        limit="money",
        returns=shapes.PlacedOrderSerializer,
        status=201,
        location=lambda screen: f"/api/orders/{screen.order.pk}",
        errors=[ApplicationAlreadyDecided, GigNotOpen, OrderAmountTooSmall],
    )
    def post(self, request: Any, application_id: UUID) -> AfterCommit:
        """Choose a doer: the order is created and waits for its payment."""
        application = gigs.get_application_for(request.user, application_id)
        require_owner_of(application, request.user)
        accounts.require_ready(user=request.user, role="client")
        order = services.accept_application(application=application, client=request.user)
        screen = selectors.show_order_for(request.user, order.pk)
        return AfterCommit(screen, then=lambda: self._with_checkout(screen))

    def _with_checkout(self, screen: OrderScreen) -> OrderScreen | None:
        """The same with what the checkout needs; None if the gateway does not answer in time."""
        try:
            payment = open_checkout(screen.money.due)
        except GatewayUnavailable:
            return None
        return replace(selectors.show_order_for(screen.viewer, screen.order.pk), checkout=payment)


class DoerEarnings(ApiView):
    @operation(access="doer", query=EarningsQuery, returns=shapes.EarningsSerializer)
    def get(self, request: Any) -> Earnings:
        """What the caller earned, awaits and was paid over a period."""
        return selectors.earnings_of(request.user, **self.query())


class OrderList(ApiView):
    @operation(access="user", query=OrderQuery, returns=shapes.OrderSerializer, paging="feed")
    def get(self, request: Any) -> Paged:
        """The caller's orders, newest first."""
        paged = self.feed(selectors.list_orders_for(request.user, **self.query()))
        paged.items = selectors.show_orders_to(request.user, paged.items)
        return paged


class OrderDetail(ApiView):
    @operation(access="user", returns=shapes.OrderSerializer)
    def get(self, request: Any, order_id: UUID) -> OrderScreen:
        """One order with its deliverables, revision requests and money."""
        return selectors.show_order_for(request.user, order_id)


class OrderTimeline(ApiView):
    @operation(access="user", returns=shapes.TimelineEntrySerializer, many=True)
    def get(self, request: Any, order_id: UUID) -> QuerySet[StateChange]:
        """Every change of state of the order and its milestones, oldest first."""
        return selectors.list_changes_of(selectors.get_order_for(request.user, order_id))


class OrderStart(ApiView):
    @operation(
        access="user",
        body=shapes.StartBody,
        returns=shapes.OrderSerializer,
        errors=[OrderNotInProgress, OrderNotOnSite, OrderAlreadyStarted, StartCodeWrong, StartCodeLocked],
        counted=[StartCodeWrong],
    )
    def post(self, request: Any, order_id: UUID) -> OrderScreen:
        """Begin the work on site with the code that the client sees."""
        order = selectors.get_order_for(request.user, order_id)
        require_doer(order, request.user)
        services.start_work(order=order, doer=request.user, **self.body())
        return selectors.show_order_for(request.user, order_id)


class OrderSubmit(ApiView):
    @operation(
        access="user",
        body=shapes.SubmitBody,
        returns=shapes.OrderSerializer,
        errors=[OrderNotInProgress, OrderNotStarted],
    )
    def post(self, request: Any, order_id: UUID) -> OrderScreen:
        """Hand work in."""
        order = selectors.get_order_for(request.user, order_id)
        require_doer(order, request.user)
        services.submit_work(order=order, doer=request.user, **self.body())
        return selectors.show_order_for(request.user, order_id)


class OrderRequestRevision(ApiView):
    @operation(
        access="user",
        body=shapes.RevisionBody,
        returns=shapes.OrderSerializer,
        errors=[OrderNotSubmitted, RevisionLimitReached],
    )
    def post(self, request: Any, order_id: UUID) -> OrderScreen:
        """Send submitted work back."""
        order = selectors.get_order_for(request.user, order_id)
        require_client(order, request.user)
        services.request_revision(order=order, client=request.user, **self.body())
        return selectors.show_order_for(request.user, order_id)


class OrderApprove(ApiView):
    @operation(access="user", limit="money", returns=shapes.OrderSerializer, errors=[OrderNotSubmitted])
    def post(self, request: Any, order_id: UUID) -> OrderScreen:
        """Approve submitted work: the escrow is released to the doer."""
        order = selectors.get_order_for(request.user, order_id)
        require_client(order, request.user)
        services.approve_work(order=order, client=request.user)
        return selectors.show_order_for(request.user, order_id)


class MilestoneSubmit(ApiView):
    @operation(
        access="user",
        body=shapes.MilestoneSubmitBody,
        returns=shapes.OrderSerializer,
        errors=[MilestoneNotFunded, OrderNotInProgress, OrderNotStarted],
    )
    def post(self, request: Any, order_id: UUID, milestone_id: UUID) -> OrderScreen:
        """Hand in the work of one milestone."""
        order = selectors.get_order_for(request.user, order_id)
        milestone = selectors.get_milestone_for(order, milestone_id)
        require_doer(order, request.user)
        services.submit_milestones(order=order, doer=request.user, only=milestone.pk, **self.body())
        return selectors.show_order_for(request.user, order_id)


class MilestoneRequestRevision(ApiView):
    @operation(
        access="user",
        body=shapes.RevisionBody,
        returns=shapes.OrderSerializer,
        errors=[MilestoneNotSubmitted, OrderNotInProgress, RevisionLimitReached],
    )
    def post(self, request: Any, order_id: UUID, milestone_id: UUID) -> OrderScreen:
        """Send the work of one milestone back."""
        order = selectors.get_order_for(request.user, order_id)
        milestone = selectors.get_milestone_for(order, milestone_id)
        require_client(order, request.user)
        services.revise_milestones(order=order, client=request.user, only=milestone.pk, **self.body())
        return selectors.show_order_for(request.user, order_id)


class MilestoneApprove(ApiView):
    @operation(
        access="user",
        limit="money",
        returns=shapes.OrderSerializer,
        errors=[MilestoneNotSubmitted, OrderNotInProgress],
    )
    def post(self, request: Any, order_id: UUID, milestone_id: UUID) -> OrderScreen:
        """Approve one milestone: its escrow is released to the doer, and the last one completes the order."""
        order = selectors.get_order_for(request.user, order_id)
        milestone = selectors.get_milestone_for(order, milestone_id)
        require_client(order, request.user)
        services.approve_milestones(order=order, client=request.user, only=milestone.pk)
        return selectors.show_order_for(request.user, order_id)


class CreateOrder(ApiView):
    @operation(
        access="user",
        limit="money",
        body=shapes.CreateOrderBody,
        returns=shapes.PaymentDueSerializer,
        errors=[NotFound, AlreadyPaid, OrderNotAwaitingPayment, GatewayUnavailable],
    )
    def post(self, request: Any) -> AfterCommit:
        """The gateway's order to pay one of the caller's orders with; the same one again while it can be paid.

        In milestones, it pays for the one that is named, or for all that are left.
        """
        asked = self.body()
        order = selectors.get_order_for(request.user, asked["order_id"])
        require_client(order, request.user)
        milestone = selectors.get_milestone_for(order, asked["milestone_id"]) if "milestone_id" in asked else None
        accounts.require_ready(user=request.user, role="client")
        payment = services.prepare_payment(order=order, client=request.user, milestone=milestone)
        return AfterCommit(payment, then=lambda: open_checkout(payment), needed=True)


class VerifyPayment(ApiView):
    @operation(
        access="user",
        limit="money",
        body=shapes.VerifyBody,
        returns=shapes.ConfirmedPaymentSerializer,
        errors=[NotFound, InvalidSignature, AmountMismatch],
        atomic=False,
    )
    def post(self, request: Any) -> dict[str, Any]:
        """Confirm what the checkout handed over. While the gateway does not answer, the payment stays as it is."""
        seen = self.body()
        payment, order = selectors.get_payment_for(request.user, seen["razorpay_order_id"])
        if order is not None:
            require_client(order, request.user)
        payment = services.verify_payment(
            payment=payment,
            client=request.user,
            gateway_payment_id=seen["razorpay_payment_id"],
            signature=seen["razorpay_signature"],
        )
        return {"payment": payment, "order": selectors.show_order_for(request.user, order.pk) if order else None}


def open_checkout(payment: Payment) -> Payment:
    """The payment with its order at the gateway. :raises GatewayUnavailable: no answer in time."""
    return payments.open_gateway_order(payment_id=payment.pk, timeout=GATEWAY_PATIENCE)
