"""Money from payers: payments, what the gateway captured for them, and refunds to where it came from."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import Now
from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from khidma.kernel.states import StateField, Stateful
from payments.models.escrow import Escrow
from payments.states import PAYMENT_STATES, REFUND_STATES, PaymentStatus, RefundStatus


class PaymentPurpose(models.TextChoices):
    ORDER = "order", _("Order")
    MILESTONE = "milestone", _("Milestone")
    BOOST = "boost", _("Boost")


class Payment(Stateful, Record):
    """One gateway order of ours: what is to be paid, by whom, what came of it. Its id is the order's receipt."""

    states = PAYMENT_STATES

    payer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payments")
    purpose = models.CharField(max_length=10, choices=PaymentPurpose)
    amount = PaiseField()
    currency = models.CharField(max_length=3, default="INR")
    status = StateField(choices=PaymentStatus, default=PaymentStatus.CREATED)
    gateway_order_id = models.CharField(max_length=40, null=True, unique=True)  # noqa: DJ001 (unique, and absent until the gateway answers)
    gateway_payment_id = models.CharField(max_length=40, blank=True, db_index=True)
    method = models.CharField(max_length=20, blank=True)
    failure_reason = models.CharField(max_length=200, blank=True)
    captured_at = models.DateTimeField(null=True)
    look_at = models.DateTimeField(null=True, db_default=Now())
    """When the sweep looks at the gateway next; empty once nothing more is expected."""
    looks = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=100, amount__lte=CAP_PAISE), name="payments_payment_amount")
        ]
        indexes = [
            models.Index(fields=["payer", "-id"], name="payments_payment_payer"),
            models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="payments_payment_look"),
        ]

    def __str__(self) -> str:
        return f"payment {self.id}"

    @property
    def references(self) -> list[UUID]:
        """What is paid for, by the callers' own ids."""
        bought = [self.sale.reference] if hasattr(self, "sale") else []
        return sorted([*bought, *(item.escrow.reference for item in self.items.select_related("escrow"))])


class PaymentItem(Record):
    """One of the things that a payment pays for."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="items")
    escrow = models.ForeignKey(Escrow, on_delete=models.PROTECT, related_name="payment_items")
    amount = PaiseField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "escrow"], name="payments_item_once"),
            models.CheckConstraint(condition=Q(amount__gte=1), name="payments_item_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.payment_id}"


class CaptureUse(models.TextChoices):
    """Where the captured money went."""

    FUNDED = "funded", _("Into escrow")
    REFUNDED = "refunded", _("Promised back: late or surplus")
    SUSPENSE = "suspense", _("Suspense: it matches nothing")


class Capture(Record):
    """Money that the gateway took from a customer, booked once: one row for each payment of the gateway."""

    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="captures")
    gateway_payment_id = models.CharField(max_length=40, unique=True)
    gateway_order_id = models.CharField(max_length=40, blank=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    use = models.CharField(max_length=10, choices=CaptureUse)
    method = models.CharField(max_length=20, blank=True)
    fee = models.BigIntegerField(null=True)
    fee_tax = models.BigIntegerField(null=True)
    settlement = models.ForeignKey(
        "payments.Settlement", null=True, on_delete=models.PROTECT, related_name="captures", db_index=False
    )
    settled_at = models.DateTimeField(null=True)
    """When the gateway paid it into our bank, by the lines of its settlements."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=1), name="payments_capture_amount"),
            models.UniqueConstraint(fields=["payment"], condition=Q(use="funded"), name="payments_capture_funds_once"),
        ]
        indexes = [
            models.Index(fields=["settlement"], name="payments_capture_settlement"),
            models.Index(
                fields=["created_at"], condition=Q(settled_at__isnull=True), name="payments_capture_unsettled"
            ),
        ]

    def __str__(self) -> str:
        return self.gateway_payment_id


class RefundReason(models.TextChoices):
    LATE = "late", _("The payment came too late")
    SURPLUS = "surplus", _("Paid twice")
    DECISION = "decision", _("Decided")
    PART = "part", _("A part, before the decision")
    RETURN = "return", _("After the release")


class RefundWay(models.TextChoices):
    """How the money goes back."""

    SOURCE = "source", _("To where it came from")
    BANK = "bank", _("To a bank account of the payer")
    CHARGEBACK = "chargeback", _("By the payer's own bank")


class Refund(Stateful, Record):
    """Money promised back to its source. A database trigger keeps all refunds of a capture within it."""

    states = REFUND_STATES

    capture = models.ForeignKey(Capture, on_delete=models.PROTECT, related_name="refunds")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    escrow = models.ForeignKey(Escrow, null=True, on_delete=models.PROTECT, related_name="refunds")
    amount = PaiseField()
    reason = models.CharField(max_length=10, choices=RefundReason)
    way = models.CharField(max_length=10, choices=RefundWay, default=RefundWay.SOURCE)
    status = StateField(choices=RefundStatus, default=RefundStatus.PROMISED)
    gateway_refund_id = models.CharField(max_length=40, null=True, unique=True)  # noqa: DJ001 (unique, and absent until the gateway answers)
    failure_reason = models.CharField(max_length=200, blank=True)
    processed_at = models.DateTimeField(null=True)
    look_at = models.DateTimeField(null=True, db_default=Now())
    looks = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=1), name="payments_refund_amount"),
            models.UniqueConstraint(
                fields=["escrow"], condition=Q(reason="decision"), name="payments_refund_decided_once"
            ),
        ]
        indexes = [models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="payments_refund_look")]

    def __str__(self) -> str:
        return f"refund {self.id}"
