"""Objects as the API shows them to one user, for a body that leaves the house."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from accounts.models import User
from gigs.api.serializers import ApplicationSerializer, GigSerializer
from gigs.models import Application
from gigs.selectors import get_application_for, get_gig_for
from khidma.kernel.errors import NotFound
from orders.api.serializers import OrderSerializer, ReviewSerializer
from orders.models import Review
from orders.selectors import get_review_for, show_order_for, show_order_to_operator
from payments.api.serializers import PaymentSerializer, PayoutSerializer
from payments.models import Payment, Payout
from payments.selectors import get_payment_for, get_payout_for

Shown = dict[str, Any]

WITHHELD = {"startCode", "counterpartPhone"}
"""Shown on a screen, and not sent to servers: a code that proves that two have met, and the other's phone."""
RIGHTS = {"payment": "finance", "payout": "finance"}
"""Which right lets an operator hear of others' objects; `support` where none is named."""


def show(kind: str, object_id: UUID, user: User) -> Shown:
    """The object as this user sees it. :raises NotFound: they may not."""
    shown = SHOWN[kind](object_id, user)
    plain: Shown = json.loads(json.dumps(shown, default=str))
    return {name: value for name, value in plain.items() if name not in WITHHELD}


def _sees_all(user: User, kind: str) -> bool:
    return user.is_staff and user.has_perm(f"accounts.{RIGHTS.get(kind, 'support')}")


def _gig(gig_id: UUID, user: User) -> Shown:
    if user.is_staff and not _sees_all(user, "gig"):
        raise NotFound
    return dict(GigSerializer(get_gig_for(user, gig_id)).data)


def _application(application_id: UUID, user: User) -> Shown:
    if _sees_all(user, "application"):
        user = _owner(Application.objects.select_related("doer").filter(pk=application_id), "doer")
    return dict(ApplicationSerializer(get_application_for(user, application_id)).data)


def _order(order_id: UUID, user: User) -> Shown:
    if _sees_all(user, "order"):
        return dict(OrderSerializer(show_order_to_operator(user, order_id)).data)
    return dict(OrderSerializer(show_order_for(user, order_id)).data)


def _payment(payment_id: UUID, user: User) -> Shown:
    if _sees_all(user, "payment"):
        user = _owner(Payment.objects.select_related("payer").filter(pk=payment_id), "payer")
    return dict(PaymentSerializer(get_payment_for(user, payment_id)).data)


def _payout(payout_id: UUID, user: User) -> Shown:
    if _sees_all(user, "payout"):
        user = _owner(Payout.objects.select_related("user").filter(pk=payout_id), "user")
    return dict(PayoutSerializer(get_payout_for(user, payout_id)).data)


def _review(review_id: UUID, user: User) -> Shown:
    if _sees_all(user, "review"):
        user = _owner(Review.objects.select_related("author").filter(pk=review_id), "author")
    return dict(ReviewSerializer(get_review_for(user, review_id)).data)


def _owner(rows: Any, side: str) -> User:
    """Whose view of it an operator gets: all see the same of these. :raises NotFound: there is no such object."""
    row = rows.first()
    if row is None:
        raise NotFound
    owner: User = getattr(row, side)
    return owner


SHOWN: dict[str, Callable[[UUID, User], Shown]] = {
    "gig": _gig,
    "application": _application,
    "order": _order,
    "payment": _payment,
    "payout": _payout,
    "review": _review,
}
