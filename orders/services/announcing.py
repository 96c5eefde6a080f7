"""What every announcement of an order has in common."""

from typing import Any

from khidma.kernel.clock import now
from orders.models import Milestone, Order
from orders.selectors import escrow_state, escrows_of


def facts(order: Order) -> dict[str, Any]:
    """The fields of `OrderEvent`, as they are at this moment."""
    return {
        "order_id": order.pk,
        "gig_id": order.gig_id,
        "client_id": order.client_id,
        "doer_id": order.doer_id,
        "conversation_id": order.conversation_id,
        "title": order.gig.title,
        "amount": order.amount,
        "status": order.status,
        "escrow_state": escrow_state(escrows_of([order])[order.pk]),
        "at": now(),
    }


def milestone_facts(order: Order, milestone: Milestone) -> dict[str, Any]:
    """The fields of `MilestoneEvent`, as they are at this moment."""
    return {
        **facts(order),
        "milestone_id": milestone.pk,
        "milestone_title": milestone.title,
        "milestone_amount": milestone.amount,
    }
