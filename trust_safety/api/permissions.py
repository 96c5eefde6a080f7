"""Which side may contest a cancellation; strangers never get this far."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from khidma.kernel.errors import Forbidden
from orders.models import Order
from orders.policy import may_contest
from trust_safety.selectors import cancellation_of


def require_contesting_side(order: Order, user: User) -> None:
    """:raises Forbidden: what was found speaks against the other side, or against nobody who could say so."""
    found = cancellation_of(order)
    side = may_contest(side=found.side, fault=found.fault, kept=found.kept) if found else ""
    if side and order.side_of(user) != side:
        raise Forbidden(_("Only the side that was found at fault may contest this."))
