"""What the platform sells: asked for, paid by a capture, given up, or returned to its buyer."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.errors import NotFound
from khidma.kernel.events import publish
from khidma.kernel.money import divide
from khidma.kernel.states import advance, record_change
from payments.errors import SaleNotReturnable
from payments.events import PaymentCaptured
from payments.models import AccountKind, Capture, Payment, Refund, RefundReason, Sale, TransferKind
from payments.selectors.taxes import WHOLE, rates_on, today
from payments.services.escrow import SMALLEST_REFUND
from payments.services.posting import Line, credit, debit, post
from payments.services.refunds import promise_refund
from payments.states import SaleStatus


@transaction.atomic
def start_sale(*, buyer: User, reference: UUID, about: UUID, amount: int, purpose: str) -> Payment:
    """A payment for one thing that the platform sells, under the caller's own reference. Rows only."""
    payment = Payment.objects.create(payer=buyer, purpose=purpose, amount=amount, look_at=None)
    record_change(payment, action="start", by=buyer, role="payer")
    sale = Sale.objects.create(reference=reference, about=about, payment=payment, amount=amount)
    record_change(sale, action="offer", by=buyer, role="payer")
    return payment


@transaction.atomic
def abandon_sale(*, reference: UUID) -> Sale:
    """Await the money no more; what still comes goes back by itself. Abandoning twice changes nothing.

    :raises SaleNotAwaiting: it is paid.
    """
    sale = _lock_sale(reference)
    if sale.status != SaleStatus.ABANDONED:
        advance(sale, "abandon", by=None, role="system")
    return sale


def lock_sale_of(payment_id: UUID) -> Sale | None:
    """What the payment buys from the platform, under its lock; taken where escrows are, before the payment's."""
    return Sale.objects.select_for_update(of=("self",), no_key=True).filter(payment=payment_id).first()


def gst_inside(amount: int) -> int:
    """The tax inside a price, at the rate of today, rounded half up."""
    rate = rates_on(today()).gst
    return divide(amount * rate, WHOLE + rate)


def income_lines(sale: Sale, *, gst: int) -> list[Line]:
    """What the capture of a sale earns."""
    return [credit(AccountKind.BOOST_INCOME, sale.amount - gst), credit(AccountKind.GST_PAYABLE, gst)]


def complete_sale(sale: Sale, payment: Payment, capture: Capture, *, gst: int) -> None:
    """Its money is here, and was posted with the capture."""
    changes = {"paid_by": capture, "paid_at": now(), "gst": gst}
    advance(sale, "sell", by=None, role="system", changes=changes)
    publish(
        PaymentCaptured(
            payment_id=payment.pk,
            references=[sale.reference],
            payer_id=payment.payer_id,
            purpose=payment.purpose,
            amount=sale.amount,
        )
    )


@transaction.atomic
def return_sale(*, reference: UUID, amount: int, reason: str) -> Refund:
    """Send so much of a paid sale back to its buyer, in paise, once; the tax inside goes back with it.

    :raises SaleNotReturnable: it was not paid, or was returned before.
    """
    sale = _lock_sale(reference)
    if not SMALLEST_REFUND <= amount <= sale.amount:
        raise ValueError(f"{amount} of {sale.amount} cannot go back")
    capture = sale.paid_by
    if capture is None:
        raise SaleNotReturnable(details={"status": sale.status})
    advance(sale, "return", by=None, role="system", reason=reason, changes={"returned": amount})
    refund = promise_refund(capture=capture, amount=amount, reason=RefundReason.RETURN, references=[reference])
    gst = divide((sale.gst or 0) * amount, sale.amount)
    post(
        key=f"return:{refund.pk}",
        kind=TransferKind.RETURN,
        reference=sale.pk,
        entries=[
            debit(AccountKind.BOOST_INCOME, amount - gst),
            debit(AccountKind.GST_PAYABLE, gst),
            credit(AccountKind.REFUND_PENDING, amount, sale.payment_id),
        ],
    )
    return refund


def _lock_sale(reference: UUID) -> Sale:
    sale = Sale.objects.select_for_update(of=("self",), no_key=True).filter(reference=reference).first()
    if sale is None:
        raise NotFound
    return sale
