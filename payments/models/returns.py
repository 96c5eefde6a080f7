"""Returns: money that goes back after its escrow was released, and from whom it is taken."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from payments.models.escrow import Escrow


class ReturnReason(models.TextChoices):
    OPERATOR = "operator", _("Refund by an operator")
    CHARGEBACK = "chargeback", _("Lost chargeback")


class Return(Record):
    """So much of what an escrow released goes back, in paise. Written once, with its posting under `return:<id>`.

    `platform_fee`, `gst` and `tds` are what the platform gives back; of the payee's part, `taken` came out of the
    wallet and `owed` became a debt. A database trigger keeps all returns of an escrow within its `payee_gross`.
    """

    escrow = models.ForeignKey(Escrow, on_delete=models.PROTECT, related_name="returns")
    why = models.CharField(max_length=10, choices=ReturnReason)
    amount = PaiseField()
    platform_fee = PaiseField()
    gst = PaiseField()
    tds = PaiseField()
    taken = PaiseField()
    owed = PaiseField()
    chargeback = models.ForeignKey("payments.Chargeback", null=True, on_delete=models.PROTECT, related_name="returns")
    refund = models.OneToOneField("payments.Refund", null=True, on_delete=models.PROTECT, related_name="origin")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="returns_made")
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=1, amount__lte=CAP_PAISE), name="payments_return_amount"),
            models.CheckConstraint(
                condition=Q(platform_fee__gte=0, gst__gte=0, tds__gte=0, taken__gte=0, owed__gte=0)
                & Q(amount=F("platform_fee") + F("gst") + F("tds") + F("taken") + F("owed")),
                name="payments_return_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(why="operator", refund__isnull=False, by__isnull=False, chargeback__isnull=True)
                | Q(why="chargeback", refund__isnull=True, chargeback__isnull=False),
                name="payments_return_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["escrow", "chargeback"],
                condition=Q(chargeback__isnull=False),
                name="payments_return_once_a_chargeback",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of escrow {self.escrow_id}"

    @property
    def payee_part(self) -> int:
        """What the payee bears, in paise."""
        return self.taken + self.owed
