"""Holds: on wallets, whose money cannot be withdrawn for the time being, and on withdrawals that operators check."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField


class WalletHold(Record):
    """So much of a user's wallet may not leave it, now or once it is earned. No money moves by it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="wallet_holds")
    reference = models.UUIDField(unique=True, editable=False)
    amount = PaiseField()
    reason = models.CharField(max_length=200)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=1, amount__lte=CAP_PAISE), name="payments_hold_amount")
        ]
        indexes = [models.Index(fields=["user"], condition=Q(released_at__isnull=True), name="payments_hold_live")]

    def __str__(self) -> str:
        return f"{self.amount} held for {self.reference}"


class PayoutHold(Record):
    """A withdrawal that waits for operators. Two people stand behind its release: whoever held it and whoever lets it
    go, or, where the threshold held it (`held_by` is empty), two who approve.
    """

    payout = models.ForeignKey("payments.Payout", on_delete=models.PROTECT, related_name="holds")
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="payouts_held"
    )
    reason = models.CharField(max_length=500)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="payouts_approved"
    )
    approved_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="payouts_released"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payout"], condition=Q(ended_at__isnull=True), name="payments_payout_hold_one_live"
            ),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True)
                | (Q(held_by__isnull=False) & ~Q(released_by=F("held_by")))
                | (Q(held_by__isnull=True, approved_by__isnull=False) & ~Q(released_by=F("approved_by"))),
                name="payments_payout_hold_two_people",
            ),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | Q(ended_at__isnull=False), name="payments_payout_hold_ended"
            ),
        ]

    def __str__(self) -> str:
        return f"hold on {self.payout_id}"
