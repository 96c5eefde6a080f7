"""Which side of an order may do what; strangers never get this far."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from gigs.models import Application
from khidma.kernel.errors import Forbidden
from orders.models import Order


def require_client(order: Order, user: User) -> None:
    """:raises Forbidden: the caller is the doer."""
    if order.side_of(user) != "client":
        raise Forbidden(_("Only the client of this order may do this."))


def require_doer(order: Order, user: User) -> None:
    """:raises Forbidden: the caller is the client."""
    if order.side_of(user) != "doer":
        raise Forbidden(_("Only the doer of this order may do this."))


def require_gig_owner(application: Application, user: User) -> None:
    """:raises Forbidden: the caller is the applicant, who cannot accept what they asked for themselves."""
    if application.gig.client_id != user.pk:
        raise Forbidden(_("Only the client of this gig may do this."))
