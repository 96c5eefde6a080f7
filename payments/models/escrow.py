"""Escrows: money held for a thing that payments knows by its reference only."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from khidma.kernel.states import StateField, Stateful
from payments.states import ESCROW_STATES, EscrowStatus


class Escrow(Stateful, Record):
    """What a payer pays for, held until it is decided who gets it. The shares are written once, with the decision.

    `refunded` also counts what went back in parts before it.
    """

    states = ESCROW_STATES

    reference = models.UUIDField(unique=True, editable=False)
    part_of = models.UUIDField(null=True, editable=False)
    """The caller's id of the whole that the reference is a part of, where it is one."""
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="escrows_paid")
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="escrows_earned")
    amount = PaiseField()
    commission_bp = models.PositiveIntegerField()
    commission = PaiseField(null=True)
    """What the platform keeps of the whole amount, in paise, where it was divided beforehand; else by the rate."""
    supply_class = models.CharField(max_length=120, blank=True, editable=False)
    """The caller's class of what is supplied, the widest first (`repairs/plumbing`), as the taxes know it."""
    title = models.CharField(max_length=200, blank=True, editable=False)
    """What is paid for, in the caller's words, as invoices name it."""
    status = StateField(choices=EscrowStatus, default=EscrowStatus.AWAITING)
    funded_by = models.ForeignKey("payments.Capture", null=True, on_delete=models.PROTECT, related_name="escrows")
    funded_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=200, blank=True)
    payee_gross = models.BigIntegerField(null=True)
    refunded = models.BigIntegerField(null=True)
    platform_fee = models.BigIntegerField(null=True)
    gst = models.BigIntegerField(null=True)
    tds = models.BigIntegerField(null=True)
    supply_gst = models.BigIntegerField(null=True)
    tcs = models.BigIntegerField(null=True)
    payee_net = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=1, amount__lte=CAP_PAISE), name="payments_escrow_amount"),
            models.CheckConstraint(condition=Q(commission_bp__lte=10_000), name="payments_escrow_commission"),
            models.CheckConstraint(
                condition=Q(commission__isnull=True) | Q(commission__gte=0, commission__lte=F("amount")),
                name="payments_escrow_fixed_commission",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["awaiting", "abandoned"]) | Q(funded_by__isnull=False, funded_at__isnull=False),
                name="payments_escrow_funded_by",
            ),
            models.CheckConstraint(
                condition=~Q(status="decided")
                | Q(payee_gross__gte=0, refunded__gte=0, payee_gross__lte=F("amount") - F("refunded")),
                name="payments_escrow_decided_within",
            ),
        ]
        indexes = [
            models.Index(fields=["payee", "status"], name="payments_escrow_payee"),
            models.Index(fields=["payer", "status"], name="payments_escrow_payer"),
            models.Index(fields=["part_of"], condition=Q(part_of__isnull=False), name="payments_escrow_part_of"),
        ]

    def __str__(self) -> str:
        return f"escrow for {self.reference}"

    @property
    def whole(self) -> UUID:
        """The caller's id of what all this is about: of the whole, where the reference is a part."""
        return self.part_of or self.reference

    @property
    def held(self) -> int:
        """What is in it now, in paise."""
        return self.amount - (self.refunded or 0) if self.status == EscrowStatus.FUNDED else 0
