"""Tables of trust and safety."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.states import StateField, Stateful
from orders.models import Cancellation
from trust_safety.states import CONTEST_STATES, ContestStatus


class Contest(Stateful, Record):
    """One side of a cancelled order does not accept whose fault it was found to be; an operator decides.

    `found` is the fault as the policy found it, `fault` as the operator did.
    """

    states = CONTEST_STATES

    cancellation = models.OneToOneField(Cancellation, on_delete=models.PROTECT, related_name="contest")
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="contests")
    reason = models.TextField()
    status = StateField(choices=ContestStatus, default=ContestStatus.OPEN)
    found = models.CharField(max_length=10)
    decide_by = models.DateTimeField()
    overdue_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=10, blank=True)
    decision_reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="contests_decided"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("contest of a cancellation")
        verbose_name_plural = _("contests of cancellations")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ContestStatus.values), name="trust_contest_is_known"),
            models.CheckConstraint(
                condition=Q(status=ContestStatus.OPEN, decided_at__isnull=True, decided_by__isnull=True, fault="")
                | Q(decided_at__isnull=False, decided_by__isnull=False)
                & ~Q(status=ContestStatus.OPEN)
                & ~Q(fault="")
                & ~Q(decision_reason=""),
                name="trust_contest_decided_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["decide_by"], condition=Q(status=ContestStatus.OPEN), name="trust_contest_due"),
            models.Index(fields=["raised_by", "-created_at"], name="trust_contest_of"),
        ]

    def __str__(self) -> str:
        return f"{self.cancellation_id} {self.status}"


class LapseKind(models.TextChoices):
    """What a user did that speaks against them, found without anybody's report."""

    CONTACT_DETAILS = "contact_details", _("contact details before the payment")


class Lapse(Record):
    """One thing that speaks against a user, once per message; `points` is what it took off the trust score at most."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="lapses")
    kind = models.CharField(max_length=20, choices=LapseKind)
    message_id = models.UUIDField(unique=True)
    points = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("lapse")
        verbose_name_plural = _("lapses")
        constraints = [models.CheckConstraint(condition=Q(kind__in=LapseKind.values), name="trust_lapse_is_known")]
        indexes = [models.Index(fields=["user", "-created_at"], name="trust_lapses_of")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id}"
