"""Reads of payments: what an actor may know of, and what higher apps ask by their own references."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from khidma.kernel.errors import NotFound
from payments.models import Escrow, Payment, PaymentItem, Refund


def escrow_of(reference: UUID) -> Escrow:
    """The escrow of a reference. :raises NotFound: there is none."""
    escrow = Escrow.objects.filter(reference=reference).first()
    if escrow is None:
        raise NotFound
    return escrow


def payments_of(reference: UUID) -> QuerySet[Payment]:
    """Every payment for a reference, newest first."""
    return Payment.objects.filter(items__escrow__reference=reference).order_by("-id")


def refunds_of(reference: UUID) -> QuerySet[Refund]:
    """Every refund of money paid for a reference, newest first."""
    return Refund.objects.filter(payment__items__escrow__reference=reference).distinct().order_by("-id")


def list_payments_for(actor: User) -> QuerySet[Payment]:
    """The actor's own payments, with what they were for and what went back."""
    return (
        Payment.objects.filter(payer=actor)
        .select_related("sale")
        .prefetch_related(
            Prefetch("items", PaymentItem.objects.select_related("escrow").order_by("id")),
            Prefetch("refunds", Refund.objects.order_by("id")),
        )
    )


def get_payment_for(actor: User, payment_id: UUID) -> Payment:
    """One payment of the actor's. :raises NotFound: no such payment, or somebody else's."""
    payment = list_payments_for(actor).filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    return payment
