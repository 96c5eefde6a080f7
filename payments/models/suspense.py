"""Money that matches nothing of ours, and refunds that somebody made without us."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.money import PaiseField
from khidma.kernel.states import StateField, Stateful
from payments.states import SUSPENSE_STATES, SuspenseStatus


class ForeignRefund(Record):
    """A refund that we did not ask for, booked once: out of escrows that were undecided, the rest out of suspense."""

    gateway_refund_id = models.CharField(max_length=40, unique=True)
    gateway_payment_id = models.CharField(max_length=40)
    capture = models.ForeignKey("payments.Capture", null=True, on_delete=models.PROTECT, related_name="foreign_refunds")
    amount = PaiseField()
    from_escrow = PaiseField(default=0)
    returned_at = models.DateTimeField(null=True)
    """When it came back, after all."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=1), name="payments_foreign_refund_amount"),
            models.CheckConstraint(
                condition=Q(from_escrow__gte=0, from_escrow__lte=models.F("amount")),
                name="payments_foreign_refund_within",
            ),
        ]

    def __str__(self) -> str:
        return self.gateway_refund_id


class SuspenseDecision(models.TextChoices):
    """Where money in suspense went."""

    ESCROW = "escrow", _("Into the escrow that awaits exactly it")
    REFUND = "refund", _("Back to its source")
    ADJUSTMENT = "adjustment", _("Into adjustments")
    OUTSIDE = "outside", _("It left by itself, at the gateway")


class SuspenseItem(Stateful, Record):
    """One `suspense` account of the ledger, by its owner's id: money to be decided (negative: missing)."""

    states = SUSPENSE_STATES

    amount = PaiseField()
    capture = models.OneToOneField(
        "payments.Capture", null=True, on_delete=models.PROTECT, related_name="suspense_item"
    )
    foreign_refund = models.OneToOneField(
        ForeignRefund, null=True, on_delete=models.PROTECT, related_name="suspense_item"
    )
    status = StateField(choices=SuspenseStatus, default=SuspenseStatus.OPEN)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="suspense_items"
    )
    decision = models.CharField(max_length=12, choices=SuspenseDecision, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="suspense_items_decided"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="payments_suspense_amount"),
            models.CheckConstraint(
                condition=Q(status="open") | Q(decided_at__isnull=False), name="payments_suspense_decided_at"
            ),
        ]
        indexes = [models.Index(fields=["-id"], condition=Q(status="open"), name="payments_suspense_open")]

    def __str__(self) -> str:
        return f"suspense item {self.id}"
