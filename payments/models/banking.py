"""Money to users: where it may go, how that was checked, and each withdrawal."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import Now
from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from khidma.kernel.states import StateField, Stateful
from payments.states import (
    BANK_ACCOUNT_STATES,
    PAYOUT_STATES,
    VALIDATION_STATES,
    BankAccountStatus,
    PayoutStatus,
    ValidationStatus,
)


class BankAccount(Stateful, Record):
    """A bank account or UPI address of a user. Its number is sealed for this row; `number_index` finds equal ones."""

    states = BANK_ACCOUNT_STATES

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bank_accounts")
    holder_name = models.CharField(max_length=120)
    ifsc = models.CharField(max_length=11, blank=True)
    sealed_number = models.TextField()
    number_index = models.CharField(max_length=64, db_index=True)
    number_last4 = models.CharField(max_length=4, blank=True)
    bank_name = models.CharField(max_length=100, blank=True)
    status = StateField(choices=BankAccountStatus, default=BankAccountStatus.UNVERIFIED)
    is_default = models.BooleanField(default=False)
    registered_name = models.CharField(max_length=120, blank=True)
    name_match_score = models.PositiveSmallIntegerField(null=True)
    failure_reason = models.CharField(max_length=200, blank=True)
    gateway_contact_id = models.CharField(max_length=40, blank=True)
    gateway_fund_account_id = models.CharField(max_length=40, blank=True)
    verified_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "number_index"], condition=Q(removed_at__isnull=True), name="payments_bank_account_once"
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(is_default=True, removed_at__isnull=True),
                name="payments_bank_account_one_default",
            ),
        ]

    def __str__(self) -> str:
        return f"account of {self.user_id} ending {self.number_last4}"

    @property
    def is_vpa(self) -> bool:
        """Whether this is a UPI address."""
        return not self.ifsc

    @property
    def sealing_binding(self) -> str:
        """The place that the sealed number opens in."""
        return f"bank_account:{self.pk}:number"


class Validation(Stateful, Record):
    """One penny drop to an account. Its id is the key it goes to the gateway with."""

    states = VALIDATION_STATES

    bank_account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="validations")
    status = StateField(choices=ValidationStatus, default=ValidationStatus.CREATED)
    gateway_validation_id = models.CharField(max_length=40, null=True, unique=True)  # noqa: DJ001 (unique, and absent until the gateway answers)
    account_status = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    finished_at = models.DateTimeField(null=True)
    look_at = models.DateTimeField(null=True, db_default=Now())
    looks = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bank_account"], condition=Q(status="created"), name="payments_validation_one_open"
            )
        ]
        indexes = [
            models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="payments_validation_look")
        ]

    def __str__(self) -> str:
        return f"validation {self.id}"


class PayoutMode(models.TextChoices):
    IMPS = "IMPS", _("IMPS")
    NEFT = "NEFT", _("NEFT")
    RTGS = "RTGS", _("RTGS")
    UPI = "UPI", _("UPI")


class Payout(Stateful, Record):
    """One withdrawal. Its id is its idempotency key and reference at the gateway, for as long as it lives.

    With a `refund` it is no withdrawal: it pays that refund to the payer's bank account, and never meets a wallet.
    """

    states = PAYOUT_STATES

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payouts")
    bank_account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="payouts")
    refund = models.ForeignKey(
        "payments.Refund", null=True, editable=False, on_delete=models.PROTECT, related_name="payouts"
    )
    amount = PaiseField()
    mode = models.CharField(max_length=4, choices=PayoutMode)
    status = StateField(choices=PayoutStatus, default=PayoutStatus.REQUESTED)
    gateway_payout_id = models.CharField(max_length=40, null=True, unique=True)  # noqa: DJ001 (unique, and absent until the gateway answers)
    fee = models.BigIntegerField(null=True)
    fee_tax = models.BigIntegerField(null=True)
    utr = models.CharField(max_length=60, blank=True)
    failure_reason = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    processed_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    look_at = models.DateTimeField(null=True, db_default=Now())
    looks = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=1, amount__lte=CAP_PAISE), name="payments_payout_amount"),
            models.UniqueConstraint(
                fields=["refund"],
                condition=Q(status__in=["requested", "held", "queued", "processing", "processed"]),
                name="payments_payout_one_for_a_refund",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="payments_payout_user"),
            models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="payments_payout_look"),
        ]

    def __str__(self) -> str:
        return f"payout {self.id}"
