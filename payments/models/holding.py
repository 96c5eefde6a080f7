"""Holds on wallets: money that stays the user's and cannot be withdrawn for the time being."""

from django.conf import settings
from django.db import models
from django.db.models import Q

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
