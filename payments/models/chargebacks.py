"""Chargebacks: a payer's bank asks for a payment's money back."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import Now
from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from khidma.kernel.states import StateField, Stateful
from payments.models.paying import Capture
from payments.states import CHARGEBACK_STATES, ChargebackStatus


class ChargebackPhase(models.TextChoices):
    """How far the bank has gone. The first two only ask; the money is at stake in the others."""

    FRAUD = "fraud", _("Suspicion of fraud")
    RETRIEVAL = "retrieval", _("Request for papers")
    CHARGEBACK = "chargeback", _("Chargeback")
    PRE_ARBITRATION = "pre_arbitration", _("Before arbitration")
    ARBITRATION = "arbitration", _("Arbitration")


MONEY_PHASES = [ChargebackPhase.CHARGEBACK, ChargebackPhase.PRE_ARBITRATION, ChargebackPhase.ARBITRATION]
LIVE = [ChargebackStatus.OPEN, ChargebackStatus.UNDER_REVIEW]


class Chargeback(Stateful, Record):
    """One phase of one dispute of the gateway's; in paise. `taken` is what the bank has taken, as far as booked.

    What a lost one cost is written once: `from_escrow` what was still held, `from_refunds` what was promised back and
    not sent, `from_payee` what was released and returned, `from_house` what the platform bears.
    """

    states = CHARGEBACK_STATES

    gateway_dispute_id = models.CharField(max_length=40)
    phase = models.CharField(max_length=20, choices=ChargebackPhase)
    capture = models.ForeignKey(Capture, on_delete=models.PROTECT, related_name="chargebacks")
    amount = PaiseField()
    reason_code = models.CharField(max_length=100, blank=True)
    status = StateField(choices=ChargebackStatus, default=ChargebackStatus.OPEN)
    has_evidence = models.BooleanField(default=False)
    respond_by = models.DateTimeField(null=True)
    taken = PaiseField(default=0)
    taken_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    from_escrow = PaiseField(default=0)
    from_refunds = PaiseField(default=0)
    from_payee = PaiseField(default=0)
    from_house = PaiseField(default=0)
    look_at = models.DateTimeField(null=True, db_default=Now())
    looks = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway_dispute_id", "phase"], name="payments_chargeback_once"),
            models.CheckConstraint(
                condition=Q(amount__gte=1, amount__lte=CAP_PAISE), name="payments_chargeback_amount"
            ),
            models.CheckConstraint(
                condition=Q(taken=0) | Q(phase__in=MONEY_PHASES, taken_at__isnull=False),
                name="payments_chargeback_takes_in_money_phases",
            ),
            models.CheckConstraint(
                condition=~Q(status="lost")
                | Q(taken=F("from_escrow") + F("from_refunds") + F("from_payee") + F("from_house")),
                name="payments_chargeback_lost_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="payments_chargeback_look"),
            models.Index(fields=["capture"], condition=Q(status__in=LIVE), name="payments_chargeback_live"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway_dispute_id} ({self.phase})"

    @property
    def is_live(self) -> bool:
        """Whether the bank has yet to decide."""
        return self.status in LIVE

    @property
    def moves_money(self) -> bool:
        """Whether money is at stake in this phase."""
        return self.phase in MONEY_PHASES
