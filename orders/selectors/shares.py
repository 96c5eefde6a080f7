"""What a part of an order's money comes to after fees and taxes, before it is decided."""

from gigs.models import Gig
from orders.models import Order
from payments import services as payments


def supply_class_of(gig: Gig) -> str:
    """The gig's kind of work, the widest first, as the taxes know it: `repairs/plumbing`."""
    category = gig.category
    return f"{category.parent.slug}/{category.slug}" if category.parent else category.slug


def quote_part(order: Order, gross: int) -> payments.Shares:
    """The shares of a gross part of the order, in paise, at the commission of the order and the taxes of today."""
    return payments.quote_shares(
        amount=gross,
        commission_bp=order.commission_bp,
        payee_id=order.doer_id,
        supply_class=supply_class_of(order.gig),
    )
