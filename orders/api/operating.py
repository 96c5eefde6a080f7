"""What operators see and do with orders over HTTP."""

from typing import Any
from uuid import UUID

from khidma.http.views import ApiView, Paged, operation
from orders import selectors, services
from orders.api import serializers as shapes
from orders.api.filters import OperatorOrderQuery
from orders.errors import OrderNotRefundable
from orders.selectors import OrderScreen
from payments.errors import PartTooLarge, ReturnTooLarge


class AllOrders(ApiView):
    @operation(
        access="staff", permission="support", query=OperatorOrderQuery, returns=shapes.OrderSerializer, paging="feed"
    )
    def get(self, request: Any) -> Paged:
        """All orders, newest first."""
        paged = self.feed(selectors.list_all_orders(**self.query()))
        paged.items = selectors.show_orders_to(request.user, paged.items)
        return paged


class OrderRefund(ApiView):
    @operation(
        access="staff",
        permission="finance",
        limit="money",
        body=shapes.RefundBody,
        returns=shapes.OrderSerializer,
        errors=[OrderNotRefundable, PartTooLarge, ReturnTooLarge],
    )
    def post(self, request: Any, order_id: UUID) -> OrderScreen:
        """Send money of an order back to its client: of a running one a part or, before any work came, all of it; of an
        ended one what the doer was paid, out of the doer's wallet and our fee."""
        order = selectors.get_order(order_id)
        services.refund_order(order=order, operator=request.user, **self.body())
        return selectors.show_order_to_operator(request.user, order_id)
