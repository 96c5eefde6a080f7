"""Reads of orders that need an actor or shape a screen."""

from orders.selectors.completion import completion_rate_of
from orders.selectors.earnings import Earnings, earnings_of
from orders.selectors.reviewing import get_review_for, list_reviews_of
from orders.selectors.shares import quote_part, supply_class_of
from orders.selectors.showing import (
    OrderMoney,
    OrderScreen,
    escrow_state,
    escrows_of,
    get_milestone_for,
    get_order,
    get_order_for,
    get_payment_for,
    list_all_orders,
    list_changes_of,
    list_orders_for,
    may_see_deliverables,
    money_of,
    show_order_for,
    show_order_to_operator,
    show_orders_to,
)

__all__ = [
    "Earnings",
    "OrderMoney",
    "OrderScreen",
    "completion_rate_of",
    "earnings_of",
    "escrow_state",
    "escrows_of",
    "get_milestone_for",
    "get_order",
    "get_order_for",
    "get_payment_for",
    "get_review_for",
    "list_all_orders",
    "list_changes_of",
    "list_orders_for",
    "list_reviews_of",
    "may_see_deliverables",
    "money_of",
    "quote_part",
    "show_order_for",
    "show_order_to_operator",
    "show_orders_to",
    "supply_class_of",
]
