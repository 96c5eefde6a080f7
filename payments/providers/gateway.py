"""What payments needs of a payment gateway, whoever it is: its operations, what it says, and how it fails."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol


class GatewaySaidNo(Exception):
    """The gateway refused, and nothing was done."""

    def __init__(self, *, http_status: int, code: str, description: str, reason: str = "", field: str = "") -> None:
        self.http_status = http_status
        self.code = code
        self.description = description
        self.reason = reason
        self.field = field
        super().__init__(f"{http_status} {code}: {description}")


class GatewaySilent(Exception):
    """Nobody knows what was done: a time-out, a dropped connection, a 5xx, a conflict, an answer that is no JSON."""


@dataclass(frozen=True)
class OrderSighting:
    """An order as the gateway has it."""

    order_id: str
    receipt: str
    amount: int
    currency: str
    status: str


@dataclass(frozen=True)
class Sighting:
    """A payment as the gateway has it, in an event or in a look at it. `fee` includes `fee_tax`."""

    payment_id: str
    order_id: str
    status: str
    amount: int
    currency: str
    method: str = ""
    fee: int | None = None
    fee_tax: int | None = None
    reason: str = ""
    receipt: str = ""

    @property
    def is_captured(self) -> bool:
        """Whether the gateway holds the money for us. A refund of what was never captured is not that."""
        return self.status == "captured" or (self.status == "refunded" and self.fee is not None)


@dataclass(frozen=True)
class RefundSighting:
    """A refund as the gateway has it."""

    refund_id: str
    payment_id: str
    receipt: str
    amount: int
    status: str
    is_of_captured: bool = True


@dataclass(frozen=True)
class ValidationSighting:
    """A penny drop as the gateway has it. `completed` only says that it ran: `account_status` says what it found."""

    validation_id: str
    reference: str
    status: str
    amount: int
    account_status: str = ""
    registered_name: str = ""
    name_match_score: int | None = None


@dataclass(frozen=True)
class PayoutSighting:
    """A payout as the gateway has it. `fee` includes `fee_tax`."""

    payout_id: str
    reference: str
    status: str
    amount: int
    fee: int = 0
    fee_tax: int = 0
    utr: str = ""
    reason: str = ""


@dataclass(frozen=True)
class SettlementSighting:
    """A settlement as the gateway has it; `settled_at` in seconds since the epoch."""

    settlement_id: str
    amount: int
    status: str
    utr: str
    settled_at: int


@dataclass(frozen=True)
class ReportLine:
    """One line of the report of settlements. `fee` includes `tax`; credit is amount less fee."""

    settlement_id: str
    kind: str
    entity_id: str
    amount: int
    fee: int
    tax: int
    debit: int
    credit: int
    currency: str
    payment_id: str = ""
    dispute_id: str = ""


@dataclass(frozen=True)
class StatementLine:
    """One move on the payout account, as its bank shows it; `made_at` in seconds since the epoch."""

    transaction_id: str
    source_id: str
    credit: int
    debit: int
    balance: int
    made_at: int


@dataclass(frozen=True)
class DisputeSighting:
    """A dispute as the gateway has it. `respond_by` in seconds since the epoch; evidence is what was submitted."""

    dispute_id: str
    payment_id: str
    amount: int
    status: str
    phase: str
    reason_code: str = ""
    amount_deducted: int = 0
    has_evidence: bool = False
    respond_by: int | None = None


@dataclass(frozen=True)
class News:
    """What one event says: at most one of these is there."""

    name: str
    payment: Sighting | None = None
    refund: RefundSighting | None = None
    payout: PayoutSighting | None = None
    validation: ValidationSighting | None = None
    dispute: DisputeSighting | None = None
    settlement: SettlementSighting | None = None


@dataclass(frozen=True)
class FundAccount:
    """Where a payout goes to, as the gateway knows it."""

    contact_id: str
    fund_account_id: str
    bank_name: str = ""


class Gateway(Protocol):
    """One gateway. All but the signature checks leave the process, and raise GatewaySaidNo or GatewaySilent."""

    def create_order(self, body: dict[str, Any], *, timeout: float | None = None) -> OrderSighting: ...
    def find_order(self, receipt: str, *, timeout: float | None = None) -> OrderSighting | None: ...
    def fetch_order(self, order_id: str) -> OrderSighting: ...
    def fetch_payment(self, payment_id: str, *, timeout: float | None = None) -> Sighting: ...
    def payments_of_order(self, order_id: str) -> list[Sighting]: ...
    def capture(self, payment_id: str, body: dict[str, Any]) -> Sighting: ...
    def refund(self, payment_id: str, body: dict[str, Any], *, key: str) -> RefundSighting: ...
    def find_refund(self, payment_id: str, *, receipt: str) -> RefundSighting | None: ...
    def fetch_refund(self, refund_id: str) -> RefundSighting: ...
    def fetch_dispute(self, dispute_id: str) -> DisputeSighting: ...
    def recent_disputes(self, *, skip: int) -> list[DisputeSighting]: ...
    def fund_account(self, *, contact: dict[str, Any], account: dict[str, Any]) -> FundAccount: ...
    def validation_body(self, *, fund_account_id: str, amount: int, reference: str) -> dict[str, Any]: ...
    def validate(self, body: dict[str, Any]) -> ValidationSighting: ...
    def find_validation(self, fund_account_id: str, reference: str) -> ValidationSighting | None: ...
    def fetch_validation(self, validation_id: str) -> ValidationSighting: ...
    def pay_out(self, body: dict[str, Any], *, key: str) -> PayoutSighting: ...
    def find_payout(self, reference: str) -> PayoutSighting | None: ...
    def fetch_payout(self, payout_id: str) -> PayoutSighting: ...
    def cancel_payout(self, payout_id: str) -> PayoutSighting: ...

    def settlements(self, *, since: int, skip: int) -> list[SettlementSighting]: ...
    def report_lines(self, day: date, *, skip: int) -> list[ReportLine]: ...
    def payout_statement(self, *, since: int, skip: int) -> list[StatementLine]: ...
    def payout_balance(self) -> int: ...

    @property
    def public_key(self) -> str:
        """What a client's checkout names us by."""
        ...

    def is_checkout_signed(self, *, order_id: str, payment_id: str, signature: str) -> bool: ...
    def is_event_signed(self, raw: bytes, signature: str) -> bool: ...
    def read_event(self, raw: bytes) -> News: ...
