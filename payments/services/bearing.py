"""Who bears a lost chargeback: what is still held, what was promised back, the payee, or the house."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import QuerySet

from khidma.kernel.clock import now
from khidma.kernel.states import advance, record_change
from payments.models import (
    AccountKind,
    Capture,
    Chargeback,
    Escrow,
    Payment,
    Refund,
    RefundWay,
    TransferKind,
)
from payments.runtime import PaymentSettings
from payments.selectors.returns import returnable_of
from payments.services.posting import Line, credit, debit, post
from payments.services.refunds import show_refunds_on
from payments.services.returning import return_to_bank
from payments.states import EscrowStatus, RefundStatus

REASONS = {
    "not_received": "not_delivered",
    "not_delivered": "not_delivered",
    "not_provided": "not_delivered",
    "not_as_described": "quality",
    "defective": "quality",
    "quality": "quality",
}
"""What the gateway's reason codes come down to, by a part of them; any other one is `other`."""


@dataclass(frozen=True)
class Grounds:
    """What a dispute is about: the capture, its payment if it is one of ours, the escrows that it funded, their payees.

    All of it is under lock.
    """

    capture: Capture
    payment: Payment | None
    escrows: list[Escrow]
    payees: list[UUID]

    @property
    def held(self) -> int:
        """What is still in escrow, in paise."""
        return sum(escrow.held for escrow in self.escrows)

    def released(self) -> list[Escrow]:
        """The escrows that were decided, the last one first."""
        decided = [escrow for escrow in self.escrows if escrow.status == EscrowStatus.DECIDED and escrow.decided_at]
        return sorted(decided, key=lambda escrow: (escrow.decided_at, escrow.pk), reverse=True)

    def unsent_refunds(self) -> QuerySet[Refund]:
        """What was promised back of the capture, and what the gateway has not taken on for want of balance.

        What was sent may be out, whatever the gateway has said so far.
        """
        waiting = [RefundStatus.PROMISED, RefundStatus.WAITING_FUNDS, RefundStatus.FAILED]
        return self.capture.refunds.filter(status__in=waiting, gateway_refund_id=None).order_by("id")


@dataclass
class Borne:
    """How a loss was divided, in paise; `emptied` are the references of escrows that it took as a whole."""

    left: int
    shares: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("from_escrow", "from_refunds", "from_payee", "from_house"), 0)
    )
    lines: list[Line] = field(default_factory=list)
    emptied: list[UUID] = field(default_factory=list)

    def bear(self, share: str, amount: int, line: Line | None = None) -> None:
        """So much of it is borne by this share."""
        self.left -= amount
        self.shares[share] += amount
        if line is not None:
            self.lines.append(line)


def bear_loss(chargeback: Chargeback, grounds: Grounds) -> Borne:
    """Divide what the bank has taken for good, and post it: the payer has got it back, so what is still the payer's
    goes first, then what the payee got, if the payee bears it, and the house pays the rest."""
    borne = Borne(left=chargeback.taken)
    escrow_lines = _from_escrows(grounds, borne)
    _from_refunds(grounds, borne)
    if falls_on_payee(chargeback):
        _from_payees(chargeback, grounds, borne)
    borne.bear("from_house", borne.left, debit(AccountKind.LOSS, borne.left))
    rest = chargeback.taken - borne.shares["from_payee"]
    if rest:
        post(
            key=f"cb:{chargeback.gateway_dispute_id}:lost",
            kind=TransferKind.CHARGEBACK,
            reference=chargeback.pk,
            entries=[*escrow_lines, *borne.lines, credit(AccountKind.CHARGEBACK, rest, chargeback.pk)],
        )
    return borne


def falls_on_payee(chargeback: Chargeback) -> bool:
    """Whether the payee bears what was released: for the reasons that the settings name, and only if we have answered
    the bank with evidence."""
    found = (kind for part, kind in REASONS.items() if part in chargeback.reason_code)
    return chargeback.has_evidence and next(found, "other") in PaymentSettings.load().chargebacks_borne_by_payee


def _from_escrows(grounds: Grounds, borne: Borne) -> list[Line]:
    lines = []
    for escrow in grounds.escrows:
        part = min(escrow.held, borne.left)
        if part:
            lines.append(debit(AccountKind.ESCROW, part, escrow.pk))
            borne.bear("from_escrow", part)
            _lower(escrow, part, borne)
    return lines


def _lower(escrow: Escrow, part: int, borne: Borne) -> None:
    """The escrow holds so much less; one that holds nothing more is decided."""
    is_empty = part == escrow.held
    back = (escrow.refunded or 0) + part
    if is_empty:
        nothing = dict.fromkeys(("payee_gross", "platform_fee", "gst", "tds", "supply_gst", "tcs", "payee_net"), 0)
        changes = {"decided_at": now(), "decision": "chargeback", "refunded": back, **nothing}
        advance(escrow, "decide", by=None, role="system", reason="chargeback", changes=changes)
        borne.emptied.append(escrow.reference)
        return
    escrow.refunded = back
    escrow.save(update_fields=["refunded"])
    record_change(escrow, action="charge_back", source=escrow.status, by=None, role="system", reason="chargeback")


def _from_refunds(grounds: Grounds, borne: Borne) -> None:
    """What was promised back and not sent has now gone back by the payer's bank; only whole refunds end so."""
    payment = grounds.payment
    if payment is None:
        return
    for refund in grounds.unsent_refunds().select_for_update(of=("self",), no_key=True):
        if refund.amount <= borne.left:
            changes = {"way": RefundWay.CHARGEBACK, "processed_at": now(), "look_at": None}
            advance(refund, "settle_by_chargeback", by=None, role="system", reason="chargeback", changes=changes)
            borne.bear("from_refunds", refund.amount, debit(AccountKind.REFUND_PENDING, refund.amount, payment.pk))
    show_refunds_on(payment)


def _from_payees(chargeback: Chargeback, grounds: Grounds, borne: Borne) -> None:
    for escrow in grounds.released():
        part = min(borne.left, returnable_of(escrow))
        if part:
            return_to_bank(escrow, part, chargeback)
            borne.bear("from_payee", part)
