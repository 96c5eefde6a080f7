"""The ledger: accounts, transfers and their entries. Only the function `payments_post` in the database writes it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import Now


class AccountKind(models.TextChoices):
    """What an account holds. A balance is positive on the account's normal side."""

    GATEWAY = "gateway", _("Gateway balance")
    BANK = "bank", _("Bank")
    PAYOUT_BANK = "payout_bank", _("Payout account")
    ESCROW = "escrow", _("Escrow")
    WALLET = "wallet", _("Wallet")
    REFUND_PENDING = "refund_pending", _("Refund promised")
    PAYOUT_PENDING = "payout_pending", _("Withdrawal on its way")
    RECEIVABLE = "receivable", _("Owed by a user")
    SUSPENSE = "suspense", _("Suspense")
    CHARGEBACK = "chargeback", _("Chargeback")
    PLATFORM_FEE = "platform_fee", _("Commission")
    GST_PAYABLE = "gst_payable", _("GST on commission")
    TDS_PAYABLE = "tds_payable", _("Tax withheld")
    TCS_PAYABLE = "tcs_payable", _("Tax collected")
    SUPPLY_GST_PAYABLE = "supply_gst_payable", _("GST on supply")
    GATEWAY_FEE = "gateway_fee", _("Gateway fees")
    PAYOUT_FEE = "payout_fee", _("Payout fees")
    GST_INPUT = "gst_input", _("GST paid")
    LOSS = "loss", _("Losses")
    BOOST_INCOME = "boost_income", _("Boosts")
    ADJUSTMENT = "adjustment", _("Adjustments")
    OWNER = "owner", _("Owner's money")


DEBIT_KINDS = [
    "gateway",
    "bank",
    "payout_bank",
    "receivable",
    "chargeback",
    "gateway_fee",
    "payout_fee",
    "gst_input",
    "loss",
]
OWNED_KINDS = ["escrow", "wallet", "refund_pending", "payout_pending", "receivable", "suspense", "chargeback"]
NEVER_NEGATIVE_KINDS = ["escrow", "wallet", "refund_pending", "payout_pending", "receivable", "chargeback"]


class TransferKind(models.TextChoices):
    """What happened: one row of the postings table."""

    CAPTURE = "capture", _("Payment captured")
    SUSPENSE = "suspense", _("Suspense decided")
    GATEWAY_FEE = "gateway_fee", _("Gateway fee")
    SETTLE = "settle", _("Escrow decided")
    REFUND = "refund", _("Refund promised")
    REFUND_DONE = "refund_done", _("Refund processed")
    REFUND_BACK = "refund_back", _("Refund came back")
    REFUND_PAYOUT = "refund_payout", _("Refund paid by bank")
    FOREIGN_REFUND = "foreign_refund", _("Refund from outside")
    RETURN = "return", _("Return after release")
    CHARGEBACK = "chargeback", _("Chargeback")
    PAYOUT = "payout", _("Withdrawal asked")
    PAYOUT_DONE = "payout_done", _("Withdrawal processed")
    PAYOUT_FEE = "payout_fee", _("Payout fee")
    PAYOUT_RETURNED = "payout_returned", _("Withdrawal came back")
    CHECK = "check", _("Penny drop")
    SETTLEMENT = "settlement", _("Settlement")
    MOVE = "move", _("Own money moved")
    REMIT = "remit", _("Tax remitted")
    WRITE_OFF = "write_off", _("Debt written off")
    ADJUSTMENT = "adjustment", _("Adjustment")


class NormalSide(models.TextChoices):
    DEBIT = "debit", _("Debit")
    CREDIT = "credit", _("Credit")


class Account(models.Model):
    """One account: of the platform (`owner_id` empty), or of an escrow, user, payment, payout or other item.

    Its id is made from kind and owner by the database. The balance is kept by a trigger and is not writable.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(max_length=20, choices=AccountKind, editable=False)
    owner_id = models.UUIDField(null=True, editable=False)
    normal_side = models.CharField(max_length=6, choices=NormalSide, editable=False)
    balance = models.BigIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "owner_id"], nulls_distinct=False, name="payments_account_one_of_each"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=AccountKind.values), name="payments_account_kind_known"),
            models.CheckConstraint(
                condition=models.Q(kind__in=DEBIT_KINDS, normal_side="debit")
                | (~models.Q(kind__in=DEBIT_KINDS) & models.Q(normal_side="credit")),
                name="payments_account_side_fits",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=OWNED_KINDS, owner_id__isnull=False)
                | (~models.Q(kind__in=OWNED_KINDS) & models.Q(owner_id__isnull=True)),
                name="payments_account_owner_fits",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind__in=NEVER_NEGATIVE_KINDS) | models.Q(balance__gte=0),
                name="payments_account_not_negative",
            ),
        ]
        indexes = [models.Index(fields=["owner_id"], name="payments_account_owner")]

    def __str__(self) -> str:
        return f"{self.kind} {self.owner_id or ''}".strip()


class Transfer(models.Model):
    """One posting, under a unique key; never changed. `content` is the hash of what was asked for under that key."""

    id = models.UUIDField(primary_key=True, editable=False)
    key = models.CharField(max_length=120, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=TransferKind, editable=False)
    reference = models.UUIDField(null=True, editable=False)
    note = models.CharField(max_length=200, blank=True, editable=False)
    content = models.BinaryField(editable=False)
    entry_count = models.PositiveSmallIntegerField(editable=False)
    reverses = models.OneToOneField(
        "self", null=True, editable=False, on_delete=models.PROTECT, related_name="reversed_by"
    )
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(entry_count__gte=2), name="payments_transfer_two_entries")
        ]
        indexes = [
            models.Index(fields=["reference"], name="payments_transfer_reference"),
            models.Index(fields=["kind", "at"], name="payments_transfer_kind_at"),
        ]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One line of a transfer in paise: debits positive, credits negative. Ids rise along an account's history."""

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey(
        Transfer, on_delete=models.PROTECT, related_name="entries", editable=False, db_index=False
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="entries", editable=False, db_index=False
    )
    amount = models.BigIntegerField(editable=False)

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.CheckConstraint(condition=~models.Q(amount=0), name="payments_entry_not_zero"),
            models.UniqueConstraint(fields=["transfer", "account"], name="payments_entry_one_per_account"),
        ]
        indexes = [models.Index(fields=["account", "id"], name="payments_entry_history")]

    def __str__(self) -> str:
        return f"{self.amount} on {self.account_id}"
