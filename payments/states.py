"""The states of everything that holds or moves money, and every step between them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from khidma.kernel.states import StateTable, Transition
from payments.errors import (
    BankAccountAlreadyVerified,
    EscrowFunded,
    EscrowNotAwaiting,
    EscrowNotFunded,
    PayoutAlreadySent,
    SaleNotAwaiting,
    SaleNotReturnable,
    SuspenseDecided,
)


class EscrowStatus(models.TextChoices):
    AWAITING = "awaiting", _("Awaits its money")
    FUNDED = "funded", _("Funded")
    DECIDED = "decided", _("Decided")
    ABANDONED = "abandoned", _("Abandoned")


class PaymentStatus(models.TextChoices):
    CREATED = "created", _("Created")
    CAPTURED = "captured", _("Captured")
    FAILED = "failed", _("Failed")
    PARTIALLY_REFUNDED = "partially_refunded", _("Partially refunded")
    REFUNDED = "refunded", _("Refunded")


class RefundStatus(models.TextChoices):
    PROMISED = "promised", _("Promised")
    SENT = "sent", _("Sent")
    WAITING_FUNDS = "waiting_funds", _("Waits for balance at the gateway")
    PROCESSED = "processed", _("Processed")
    FAILED = "failed", _("Failed")


class BankAccountStatus(models.TextChoices):
    UNVERIFIED = "unverified", _("Not verified")
    VERIFYING = "verifying", _("Being verified")
    VERIFIED = "verified", _("Verified")
    FAILED = "failed", _("Verification failed")


class ValidationStatus(models.TextChoices):
    CREATED = "created", _("Created")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")


class PayoutStatus(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    HELD = "held", _("Held")
    QUEUED = "queued", _("Queued")
    PROCESSING = "processing", _("Processing")
    PROCESSED = "processed", _("Processed")
    FAILED = "failed", _("Failed")
    REVERSED = "reversed", _("Reversed")
    CANCELLED = "cancelled", _("Cancelled")
    REJECTED = "rejected", _("Rejected")


class SecondPersonStatus(models.TextChoices):
    ASKED = "asked", _("Waits for a second operator")
    CONFIRMED = "confirmed", _("Confirmed")
    DECLINED = "declined", _("Declined")
    LAPSED = "lapsed", _("Not confirmed in time")


class ChargebackStatus(models.TextChoices):
    OPEN = "open", _("Open")
    UNDER_REVIEW = "under_review", _("Under review")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")
    CLOSED = "closed", _("Closed")


class DifferenceStatus(models.TextChoices):
    OPEN = "open", _("Open")
    EXPLAINED = "explained", _("Explained, and still there")
    RESOLVED = "resolved", _("Resolved by an operator")
    MATCHED = "matched", _("The books agree now")


class SuspenseStatus(models.TextChoices):
    OPEN = "open", _("To be decided")
    DECIDED = "decided", _("Decided")


ESCROW_STATES = StateTable(
    "escrow",
    [
        Transition("fund", {"awaiting"}, "funded", refusal=EscrowNotAwaiting),
        Transition("decide", {"funded"}, "decided", actors={"system", "operator"}, refusal=EscrowNotFunded),
        Transition("abandon", {"awaiting"}, "abandoned", refusal=EscrowFunded),
    ],
    ends={"decided", "abandoned"},
)

PAYMENT_STATES = StateTable(
    "payment",
    [
        Transition("capture", {"created", "failed"}, "captured"),
        Transition("fail", {"created"}, "failed"),
        Transition("refund_part", {"captured", "refunded"}, "partially_refunded"),
        Transition("refund_all", {"captured", "partially_refunded"}, "refunded"),
        Transition("take_refund_back", {"partially_refunded", "refunded"}, "captured"),
    ],
    ends={"captured", "partially_refunded", "refunded"},
)

REFUND_STATES = StateTable(
    "refund",
    [
        Transition("send", {"promised", "waiting_funds"}, "sent", actors={"system", "operator"}),
        Transition("wait_for_funds", {"sent"}, "waiting_funds"),
        Transition("process", {"sent", "waiting_funds"}, "processed"),
        Transition("fail", {"sent", "waiting_funds", "processed"}, "failed"),
        Transition("try_again", {"failed"}, "promised", actors={"operator"}),
        Transition("pay_by_bank", {"failed"}, "sent", actors={"operator"}),
        Transition("settle_by_chargeback", {"promised", "waiting_funds", "failed"}, "processed"),
    ],
    ends={"processed"},
)

BANK_ACCOUNT_STATES = StateTable(
    "bank_account",
    [
        Transition(
            "check", {"unverified", "failed"}, "verifying", actors={"owner"}, refusal=BankAccountAlreadyVerified
        ),
        Transition("verify", {"verifying"}, "verified"),
        Transition("fail", {"verifying"}, "failed"),
    ],
)

VALIDATION_STATES = StateTable(
    "validation",
    [
        Transition("complete", {"created"}, "completed"),
        Transition("fail", {"created"}, "failed"),
    ],
    ends={"completed", "failed"},
)

PAYOUT_STATES = StateTable(
    "payout",
    [
        Transition("queue", {"requested", "held"}, "queued", actors={"system", "operator"}),
        Transition("hold", {"requested"}, "held"),
        Transition("hold", {"queued"}, "held", actors={"operator"}),
        Transition(
            "cancel", {"held", "queued"}, "cancelled", actors={"owner", "operator", "system"}, refusal=PayoutAlreadySent
        ),
        Transition("reject", {"queued"}, "rejected"),
        Transition("process", {"queued"}, "processing"),
        Transition("complete", {"processing"}, "processed"),
        Transition("fail", {"processing", "reversed"}, "failed"),
        Transition("reverse", {"processing", "processed", "failed"}, "reversed"),
    ],
    ends={"processed", "failed", "reversed", "cancelled", "rejected"},
)

PAYOUT_OPEN = frozenset({"requested", "held", "queued", "processing"})
"""States in which the money waits in `payout_pending`."""

SECOND_PERSON_STATES = StateTable(
    "second_person_act",
    [
        Transition("confirm", {"asked"}, "confirmed", actors={"operator"}),
        Transition("decline", {"asked"}, "declined", actors={"operator"}),
        Transition("lapse", {"asked"}, "lapsed"),
    ],
    ends={"confirmed", "declined", "lapsed"},
)

CHARGEBACK_STATES = StateTable(
    "chargeback",
    [
        Transition("review", {"open"}, "under_review"),
        Transition("win", {"open", "under_review"}, "won"),
        Transition("lose", {"open", "under_review"}, "lost"),
        Transition("close", {"open", "under_review"}, "closed"),
    ],
    ends={"won", "lost", "closed"},
)


class SaleStatus(models.TextChoices):
    AWAITING = "awaiting", _("Awaits its money")
    SOLD = "sold", _("Sold")
    RETURNED = "returned", _("Returned")
    ABANDONED = "abandoned", _("Abandoned")


SALE_STATES = StateTable(
    "sale",
    [
        Transition("sell", {"awaiting"}, "sold", refusal=SaleNotAwaiting),
        Transition("abandon", {"awaiting"}, "abandoned", refusal=SaleNotAwaiting),
        Transition("return", {"sold"}, "returned", actors={"system", "operator"}, refusal=SaleNotReturnable),
    ],
    ends={"sold", "returned", "abandoned"},
)

DIFFERENCE_STATES = StateTable(
    "difference",
    [
        Transition("explain", {"open"}, "explained", actors={"operator"}),
        Transition("reopen", {"explained"}, "open", actors={"operator", "system"}),
        Transition("resolve", {"open", "explained"}, "resolved", actors={"operator"}),
        Transition("match", {"open", "explained"}, "matched"),
    ],
    ends={"resolved", "matched"},
)

SUSPENSE_STATES = StateTable(
    "suspense_item",
    [Transition("decide", {"open"}, "decided", actors={"operator", "system"}, refusal=SuspenseDecided)],
    ends={"decided"},
)
