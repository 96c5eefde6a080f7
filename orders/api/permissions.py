"""Which side of an order may do what; strangers never get this far."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from khidma.kernel.errors import Forbidden
from orders.models import Order, Review


def require_client(order: Order, user: User) -> None:
    """:raises Forbidden: the caller is the doer."""
    if order.side_of(user) != "client":
        raise Forbidden(_("Only the client of this order may do this."))


def require_doer(order: Order, user: User) -> None:
    """:raises Forbidden: the caller is the client."""
    if order.side_of(user) != "doer":
        raise Forbidden(_("Only the doer of this order may do this."))


def require_reviewed(review: Review, user: User) -> None:
    """:raises Forbidden: the review is of somebody else."""
    if review.reviewed_id != user.pk:
        raise Forbidden(_("Only whom this review is about may do this."))
