"""The other books, as they were given to us, and where ours differ from them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.money import PaiseField
from khidma.kernel.states import StateField, Stateful
from payments.states import DIFFERENCE_STATES, DifferenceStatus


class BankHoliday(Record):
    """A day on which India's banks are closed, besides Sundays and the second and fourth Saturday of a month."""

    day = models.DateField(unique=True)
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class BankLine(Record):
    """One line of our bank's statement; debits are negative. `occurrence` counts lines that are alike in all else."""

    on = models.DateField()
    utr = models.CharField(max_length=60, blank=True)
    amount = PaiseField()
    description = models.CharField(max_length=300, blank=True)
    occurrence = models.PositiveSmallIntegerField(default=1)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="bank_lines_imported"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["on", "utr", "amount", "description", "occurrence"], name="payments_bank_line_once"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="payments_bank_line_amount"),
        ]
        indexes = [models.Index(fields=["utr"], name="payments_bank_line_utr")]

    def __str__(self) -> str:
        return f"{self.on} {self.utr}"


class PayoutBankLine(Record):
    """One move on the payout account, as RazorpayX shows it."""

    transaction_id = models.CharField(max_length=40, unique=True)
    source_id = models.CharField(max_length=40, blank=True, db_index=True)
    credit = PaiseField()
    debit = PaiseField()
    balance = PaiseField()
    made_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.transaction_id


class ReconciliationRun(Record):
    """One comparison of all books. `matched` of `compared` paise were the same; what is not due counts in neither."""

    day = models.DateField()
    finished_at = models.DateTimeField(null=True)
    lines = models.PositiveIntegerField(default=0)
    compared = PaiseField(default=0)
    matched = PaiseField(default=0)
    found = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    payout_balance = PaiseField(null=True)
    """What the payout account held, as its bank said."""
    unread = models.CharField(max_length=300, blank=True)
    """What could not be asked for, and was compared as we last knew it."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(matched__gte=0, matched__lte=models.F("compared")), name="payments_run_matched"
            )
        ]
        indexes = [models.Index(fields=["-finished_at"], name="payments_run_finished")]

    def __str__(self) -> str:
        return f"reconciliation of {self.day}"

    @property
    def matched_share(self) -> float | None:
        """The share of rupees that were the same in both books; none where there was nothing to compare."""
        return self.matched / self.compared if self.compared else None


class Side(models.TextChoices):
    """Which of the three lists a difference is on."""

    ONLY_OURS = "only_ours", _("Only in our books")
    ONLY_THEIRS = "only_theirs", _("Only in theirs")
    AMOUNT = "amount_differs", _("The amounts differ")


class Subject(models.TextChoices):
    """What is compared."""

    PAYMENT = "payment", _("Payment")
    FEE = "fee", _("Gateway fee")
    FEE_TAX = "fee_tax", _("GST on a gateway fee")
    REFUND = "refund", _("Refund")
    CHARGEBACK = "chargeback", _("Chargeback")
    ADJUSTMENT = "adjustment", _("Adjustment")
    TRANSFER = "transfer", _("Transfer")
    LINE = "line", _("Line of a settlement")
    SETTLEMENT = "settlement", _("Settlement")
    BANK = "bank", _("Bank statement")
    GATEWAY = "gateway", _("Gateway balance")
    PAYOUT = "payout", _("Payout account")
    SUSPENSE = "suspense", _("Money in suspense")
    FOREIGN_REFUND = "foreign_refund", _("Refund that nobody here asked for")
    PAYOUT_BALANCE = "payout_balance", _("Balance of the payout account")


class Difference(Stateful, Record):
    """Something on which our books and another's do not agree. `ours` and `theirs` say where it stands in each.

    `amount` is what our books say (or theirs, where ours say nothing), `difference` is ours less theirs.
    """

    states = DIFFERENCE_STATES

    subject = models.CharField(max_length=20, choices=Subject, editable=False)
    reference = models.CharField(max_length=100, editable=False)
    side = models.CharField(max_length=20, choices=Side)
    ours = models.CharField(max_length=120, blank=True)
    theirs = models.CharField(max_length=120, blank=True)
    amount = PaiseField()
    difference = PaiseField()
    status = StateField(choices=DifferenceStatus, default=DifferenceStatus.OPEN)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="differences"
    )
    note = models.CharField(max_length=1000, blank=True)
    last_run = models.ForeignKey(ReconciliationRun, on_delete=models.PROTECT, related_name="differences")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "reference"],
                condition=Q(status__in=["open", "explained"]),
                name="payments_difference_one_live",
            )
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="payments_difference_status"),
            models.Index(fields=["subject", "reference"], name="payments_difference_about"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"

    @property
    def kind(self) -> str:
        """What it is about and on which list, in one word."""
        return f"{self.subject}_{self.side}"
