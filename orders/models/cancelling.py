"""How orders end early: the policy's versions, quotes, cancellations, and the question to silent doers."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.money import PaiseField
from orders.models.order import CancelReason, Order


class CancellationPolicy(models.Model):
    """The values of one version of the cancellation policy: whole hours, and shares in basis points. Never changed."""

    version = models.SmallAutoField(primary_key=True)
    free_hours = models.PositiveSmallIntegerField()
    begun_bp = models.PositiveSmallIntegerField()
    near_hours = models.PositiveSmallIntegerField()
    near_bp = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("cancellation policy")
        verbose_name_plural = _("cancellation policies")
        constraints = [
            models.UniqueConstraint(
                fields=["free_hours", "begun_bp", "near_hours", "near_bp"], name="orders_policy_once"
            ),
            models.CheckConstraint(
                condition=Q(begun_bp__lte=10_000, near_bp__lte=10_000), name="orders_policy_gives_shares"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}"


class CancellationOutcome(Record):
    """What a cancellation comes to, in paise: `held` was in escrow, and is divided; `kept` may still be contested."""

    fault = models.CharField(max_length=10)
    row = models.CharField(max_length=20)
    held = PaiseField()
    client_refund = PaiseField()
    doer_gross = PaiseField()
    kept = PaiseField(default=0)

    class Meta:
        abstract = True


class CancellationQuote(CancellationOutcome):
    """What one side was told that cancelling for this reason would come to; binding until it expires."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="cancellation_quotes")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cancellation_quotes")
    reason = models.CharField(max_length=20, choices=CancelReason)
    doer_amount = PaiseField()
    fee = PaiseField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("cancellation quote")
        verbose_name_plural = _("cancellation quotes")
        constraints = [
            models.CheckConstraint(
                condition=Q(held=F("client_refund") + F("doer_amount") + F("fee")), name="orders_quote_adds_up"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="orders_quote_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.reason}"


class Cancellation(CancellationOutcome):
    """How an order was cancelled. Until `settled_at` the part `kept` waits in escrow, to be paid at `due_at`."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="cancellation")
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="cancellations"
    )
    side = models.CharField(max_length=10)
    reason = models.CharField(max_length=20, choices=CancelReason)
    comment = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("cancellation")
        verbose_name_plural = _("cancellations")
        constraints = [
            models.CheckConstraint(
                condition=Q(held=F("client_refund") + F("doer_gross"), kept__gte=0, kept__lte=F("held")),
                name="orders_cancellation_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=False) | Q(settled_at__isnull=False, kept=0),
                name="orders_cancellation_settled_or_due",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(settled_at__isnull=True), name="orders_cancellation_due"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.reason}"

    @property
    def is_settled(self) -> bool:
        return self.settled_at is not None


class SilenceQuestion(Record):
    """The doer was asked whether work still comes; unanswered by `due_at`, the client gets the money back."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="silence_question")
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("question about silence")
        verbose_name_plural = _("questions about silence")

    def __str__(self) -> str:
        return f"{self.order_id}"
