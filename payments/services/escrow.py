"""Escrows: opened, given up, and decided once."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.errors import NotFound
from khidma.kernel.events import publish
from khidma.kernel.states import advance, record_change
from payments.errors import EscrowNotFunded, PartTooLarge, ReleaseHeld
from payments.events import EscrowSettled
from payments.models import AccountKind, Capture, Escrow, Refund, RefundReason, TransferKind
from payments.selectors.chargebacks import live_of, wallet_hold_of
from payments.selectors.shares import Shares
from payments.services.holding import hold_wallet
from payments.services.invoicing import draft_invoices, issue
from payments.services.posting import credit, debit, post
from payments.services.refunds import promise_refund
from payments.services.taxes import withhold
from payments.states import EscrowStatus

SMALLEST_REFUND = 100
"""The gateway sends nothing back below ₹1; such a rest goes to the payee."""


@dataclass(frozen=True)
class Settlement:
    """What became of an escrow, in paise."""

    payee_gross: int
    payee_net: int
    platform_fee: int
    gst: int
    tds: int
    supply_gst: int
    tcs: int
    refunded: int


@transaction.atomic
def open_escrow(
    *,
    reference: UUID,
    payer: User,
    payee: User,
    amount: int,
    commission_bp: int,
    commission: int | None = None,
    part_of: UUID | None = None,
    supply_class: str = "",
    title: str = "",
) -> Escrow:
    """A place for money to come; `commission_bp` is frozen here. One escrow per reference.

    `supply_class` is what the taxes of the day of the decision are looked up by, `title` what invoices call it.

    A part of something bigger says of what (`part_of`), and what `commission` in paise falls on the whole of it.
    """
    escrow = Escrow.objects.create(
        reference=reference,
        part_of=part_of,
        payer=payer,
        payee=payee,
        amount=amount,
        commission_bp=commission_bp,
        commission=commission,
        supply_class=supply_class,
        title=title[:200],
    )
    record_change(escrow, action="open", by=payer, role="payer")
    return escrow


@transaction.atomic
def abandon_escrow(*, reference: UUID) -> Escrow:
    """Await the money no more; what still comes goes back by itself. Abandoning twice changes nothing, nor does it
    where the money has come and gone: a refund made without us decides an escrow before its order has begun.

    :raises EscrowFunded: it holds money.
    """
    escrow = lock_escrow(reference)
    if escrow.status not in {EscrowStatus.ABANDONED, EscrowStatus.DECIDED}:
        advance(escrow, "abandon", by=None, role="system")
    return escrow


@transaction.atomic
def settle_escrow(*, reference: UUID, payee_gross: int, reason: str, hold_in_wallet: bool = False) -> Settlement:
    """Decide a funded escrow, once: `payee_gross` less fees goes to the payee's wallet, the rest back to the payer.

    `payee_gross` is of what it holds now; `Settlement.refunded` leaves out what went back in parts before.

    A rest too small for the gateway goes to the payee.
    :raises EscrowNotFunded: it holds no money, or was decided before.
    :raises ReleaseHeld: the bank disputes the payment; what goes back as a whole is decided all the same, and with
        `hold_in_wallet` anything: then the payee's part is held on the wallet instead.
    """
    escrow = lock_escrow(reference)
    if not 0 <= payee_gross <= escrow.amount:
        raise ValueError(f"payee_gross is {payee_gross} of {escrow.amount}")
    if escrow.status != EscrowStatus.FUNDED:
        raise EscrowNotFunded(details={"status": escrow.status})
    held = escrow.held
    if payee_gross > held:
        raise ValueError(f"payee_gross is {payee_gross} of {held}")
    if held - payee_gross < SMALLEST_REFUND:
        payee_gross = held
    disputes = list(live_of(escrow.funded_by_id)) if payee_gross else []
    if disputes and not hold_in_wallet:
        raise ReleaseHeld
    shares = withhold(escrow, payee_gross=payee_gross)
    refunded = held - payee_gross
    _decide(escrow, shares, payee_gross=payee_gross, refunded=refunded, reason=reason)
    invoices = draft_invoices(escrow)
    _move_money(escrow, shares, held=held, refunded=refunded)
    for dispute in disputes if shares.payee_net else []:
        hold = wallet_hold_of(dispute.pk, escrow.pk)
        hold_wallet(user_id=escrow.payee_id, amount=shares.payee_net, reason="chargeback", reference=hold)
    publish(
        EscrowSettled(
            reference=escrow.reference,
            payer_id=escrow.payer_id,
            payee_id=escrow.payee_id,
            payee_gross=payee_gross,
            payee_net=shares.payee_net,
            refunded=refunded,
        )
    )
    issue(invoices)
    return Settlement(
        payee_gross=payee_gross,
        payee_net=shares.payee_net,
        platform_fee=shares.platform_fee,
        gst=shares.gst,
        tds=shares.tds,
        supply_gst=shares.supply_gst,
        tcs=shares.tcs,
        refunded=refunded,
    )


@transaction.atomic
def refund_part(*, reference: UUID, amount: int) -> Refund:
    """Send a part of what a funded escrow holds back to the payer, and leave the rest to be decided.

    :raises EscrowNotFunded: it holds no money, or was decided before.
    :raises PartTooLarge: less than ₹1 would be left.
    """
    escrow = lock_escrow(reference)
    if escrow.status != EscrowStatus.FUNDED:
        raise EscrowNotFunded(details={"status": escrow.status})
    if amount < SMALLEST_REFUND:
        raise ValueError(f"The gateway sends nothing below {SMALLEST_REFUND} back, and this is {amount}")
    if amount > escrow.held - SMALLEST_REFUND:
        raise PartTooLarge(details={"maximum": escrow.held - SMALLEST_REFUND})
    capture, payment_id = source_of(escrow)
    escrow.refunded = (escrow.refunded or 0) + amount
    escrow.save(update_fields=["refunded"])
    refund = promise_refund(
        capture=capture, amount=amount, reason=RefundReason.PART, references=[reference], escrow=escrow
    )
    post(
        key=f"refund:{refund.pk}",
        kind=TransferKind.REFUND,
        reference=escrow.pk,
        entries=[debit(AccountKind.ESCROW, amount, escrow.pk), credit(AccountKind.REFUND_PENDING, amount, payment_id)],
    )
    return refund


def lock_escrows(references: Collection[UUID]) -> list[Escrow]:
    """The escrows of these references, under their locks, taken in the order in which everybody takes them."""
    found = Escrow.objects.select_for_update(of=("self",), no_key=True).filter(reference__in=references)
    return list(found.order_by("id"))


def lock_escrow(reference: UUID) -> Escrow:
    """The escrow of this reference, under its lock. :raises NotFound: there is none."""
    escrow = Escrow.objects.select_for_update(of=("self",), no_key=True).filter(reference=reference).first()
    if escrow is None:
        raise NotFound
    return escrow


def _decide(escrow: Escrow, shares: Shares, *, payee_gross: int, refunded: int, reason: str) -> None:
    advance(
        escrow,
        "decide",
        by=None,
        role="system",
        reason=reason,
        changes={
            "decided_at": now(),
            "decision": reason,
            "payee_gross": payee_gross,
            "refunded": (escrow.refunded or 0) + refunded,
            "platform_fee": shares.platform_fee,
            "gst": shares.gst,
            "tds": shares.tds,
            "supply_gst": shares.supply_gst,
            "tcs": shares.tcs,
            "payee_net": shares.payee_net,
        },
    )


def source_of(escrow: Escrow) -> tuple[Capture, UUID]:
    """Where the money of an escrow came from: its capture, and the payment that it was made for."""
    capture = escrow.funded_by
    if capture is None or capture.payment_id is None:
        raise RuntimeError(f"Escrow {escrow.pk} is funded by nothing.")
    return capture, capture.payment_id


def _move_money(escrow: Escrow, shares: Shares, *, held: int, refunded: int) -> None:
    """All that the escrow holds in one transfer; the part for the payer is promised to where it came from."""
    capture, payment_id = source_of(escrow)
    post(
        key=f"settle:{escrow.pk}",
        kind=TransferKind.SETTLE,
        reference=escrow.pk,
        entries=[
            debit(AccountKind.ESCROW, held, escrow.pk),
            credit(AccountKind.REFUND_PENDING, refunded, payment_id),
            credit(AccountKind.WALLET, shares.payee_net, escrow.payee_id),
            credit(AccountKind.PLATFORM_FEE, shares.platform_fee),
            credit(AccountKind.GST_PAYABLE, shares.gst),
            credit(AccountKind.TDS_PAYABLE, shares.tds),
            credit(AccountKind.SUPPLY_GST_PAYABLE, shares.supply_gst),
            credit(AccountKind.TCS_PAYABLE, shares.tcs),
        ],
    )
    if refunded:
        promise_refund(
            capture=capture,
            amount=refunded,
            reason=RefundReason.DECISION,
            references=[escrow.reference],
            escrow=escrow,
        )
