"""Tables of payments: the ledger first, then what the ledger's postings are about."""

from payments.models.auto_payout import AutoPayout, AutoPayoutRun, Weekday
from payments.models.banking import BankAccount, Payout, Validation
from payments.models.chargebacks import Chargeback, ChargebackPhase
from payments.models.checking import LedgerCheck
from payments.models.escrow import Escrow
from payments.models.gateway import EventStatus, GatewayAttempt, GatewayEvent
from payments.models.holding import PayoutHold, WalletHold
from payments.models.invoicing import Invoice, InvoiceKind, InvoiceNumber
from payments.models.ledger import Account, AccountKind, Entry, Transfer, TransferKind
from payments.models.paying import (
    Capture,
    CaptureUse,
    Payment,
    PaymentItem,
    PaymentPurpose,
    Refund,
    RefundReason,
    RefundWay,
)
from payments.models.reconciling import (
    BankHoliday,
    BankLine,
    Difference,
    PayoutBankLine,
    ReconciliationRun,
    Side,
    Subject,
)
from payments.models.remitting import Remittance
from payments.models.returns import Return, ReturnReason
from payments.models.second_person import SecondPersonAct
from payments.models.selling import Sale
from payments.models.settling import Settlement, SettlementLine
from payments.models.suspense import ForeignRefund, SuspenseDecision, SuspenseItem
from payments.models.taxes import PanStatus, TaxKind, TaxProfile, TaxRate, TaxYear

__all__ = [
    "Account",
    "AccountKind",
    "AutoPayout",
    "AutoPayoutRun",
    "BankAccount",
    "BankHoliday",
    "BankLine",
    "Capture",
    "CaptureUse",
    "Chargeback",
    "ChargebackPhase",
    "Difference",
    "Entry",
    "Escrow",
    "EventStatus",
    "ForeignRefund",
    "GatewayAttempt",
    "GatewayEvent",
    "Invoice",
    "InvoiceKind",
    "InvoiceNumber",
    "LedgerCheck",
    "PanStatus",
    "Payment",
    "PaymentItem",
    "PaymentPurpose",
    "Payout",
    "PayoutBankLine",
    "PayoutHold",
    "ReconciliationRun",
    "Refund",
    "RefundReason",
    "RefundWay",
    "Remittance",
    "Return",
    "ReturnReason",
    "Sale",
    "SecondPersonAct",
    "Settlement",
    "SettlementLine",
    "Side",
    "Subject",
    "SuspenseDecision",
    "SuspenseItem",
    "TaxKind",
    "TaxProfile",
    "TaxRate",
    "TaxYear",
    "Transfer",
    "TransferKind",
    "Validation",
    "WalletHold",
    "Weekday",
]
