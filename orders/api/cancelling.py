"""Cancelling over HTTP: first what it would come to, then the deed."""

from typing import Any
from uuid import UUID

from khidma.http.views import ApiView, operation
from orders import selectors, services
from orders.api import serializers as shapes
from orders.api.filters import CancellationQuery
from orders.errors import (
    OrderNotAwaitingPayment,
    OrderNotInProgress,
    QuoteChanged,
    WorkAlreadySubmitted,
)
from orders.models import CancellationQuote
from orders.selectors import OrderScreen


class OrderCancellationQuote(ApiView):
    @operation(
        access="user",
        query=CancellationQuery,
        returns=shapes.CancellationQuoteSerializer,
        errors=[WorkAlreadySubmitted, OrderNotInProgress, OrderNotAwaitingPayment],
    )
    def get(self, request: Any, order_id: UUID) -> CancellationQuote:
        """What cancelling for this reason would come to; it binds us until it expires. No reason counts as `other`."""
        order = selectors.get_order_for(request.user, order_id)
        return services.quote_cancellation(order=order, actor=request.user, **self.query())


class OrderCancel(ApiView):
    @operation(
        access="user",
        limit="money",
        body=shapes.CancelBody,
        returns=shapes.OrderSerializer,
        errors=[
            QuoteChanged,
            WorkAlreadySubmitted,
            OrderNotInProgress,
            OrderNotAwaitingPayment,
        ],
    )
    def post(self, request: Any, order_id: UUID) -> OrderScreen:
        """End an order before anything was submitted, in milestones those that nothing was submitted for; who gets what
        is what the quote showed."""
        order = selectors.get_order_for(request.user, order_id)
        services.cancel_order(order=order, actor=request.user, **self.body())
        return selectors.show_order_for(request.user, order_id)
