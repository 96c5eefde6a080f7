"""How orders end early: the policy's versions, quotes, cancellations, and the question to silent doers."""

from datetime import datetime
from typing import Self

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


class CancellationQuerySet(models.QuerySet["Cancellation"]):
    def due(self, moment: datetime | models.expressions.Combinable) -> Self:
        """Those whose kept part is to be paid out: nobody contested in time."""
        return self.filter(settled_at=None, contested_at=None, due_at__lte=moment)


class Cancellation(CancellationOutcome):
    """How an order was cancelled. Until `settled_at` the part `kept` waits in escrow, to be paid at `due_at`.

    Until `contest_until` the side that is found at fault may contest it; from `contested_at` on the part waits for the
    decision of an operator, which is written down here as `fault`, with the money that follows from it. In milestones,
    it is about those that nothing was ever handed in for.
    """

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="cancellation")
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="cancellations"
    )
    side = models.CharField(max_length=10)
    reason = models.CharField(max_length=20, choices=CancelReason)
    comment = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True)
    contest_until = models.DateTimeField(null=True)
    contested_at = models.DateTimeField(null=True)
    judged_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    objects = CancellationQuerySet.as_manager()

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
            models.CheckConstraint(
                condition=Q(judged_at__isnull=True) | Q(contested_at__isnull=False, settled_at__isnull=False),
                name="orders_cancellation_judged_after_contest",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(settled_at__isnull=True), name="orders_cancellation_due"),
        ]

    @property
    def is_settled(self) -> bool:
        return self.settled_at is not None

    def __str__(self) -> str:
        return f"{self.order_id} {self.reason}"


class CancellationPart(CancellationOutcome):
    """What a quote, or a cancellation, comes to for one escrow: that of the order, or of one of its milestones.

    `at_stake` is what the doer gets, before fees, if the fault is found to be the client's.
    """

    quote = models.ForeignKey(CancellationQuote, null=True, on_delete=models.CASCADE, related_name="parts")
    cancellation = models.ForeignKey(Cancellation, null=True, on_delete=models.PROTECT, related_name="parts")
    reference = models.UUIDField(editable=False)
    at_stake = PaiseField()

    class Meta:
        verbose_name = _("part of a cancellation")
        verbose_name_plural = _("parts of cancellations")
        constraints = [
            models.CheckConstraint(
                condition=Q(quote__isnull=True, cancellation__isnull=False)
                | Q(quote__isnull=False, cancellation__isnull=True),
                name="orders_cancellation_part_of_one",
            ),
            models.UniqueConstraint(fields=["quote", "reference"], name="orders_quote_part_once"),
            models.UniqueConstraint(fields=["cancellation", "reference"], name="orders_cancellation_part_once"),
            models.CheckConstraint(
                condition=Q(
                    held=F("client_refund") + F("doer_gross"),
                    kept__gte=0,
                    kept__lte=F("held"),
                    at_stake__gte=0,
                    at_stake__lte=F("held"),
                ),
                name="orders_cancellation_part_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.row}"


class SilenceQuestion(Record):
    """The doer was asked whether work still comes; unanswered by `due_at`, the client gets the money back."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="silence_question")
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("question about silence")
        verbose_name_plural = _("questions about silence")

    def __str__(self) -> str:
        return f"{self.order_id}"
