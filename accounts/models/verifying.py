"""Checks of who somebody is, from the document to the decision."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.states import VERIFICATION_STATES, WAITING_VERIFICATIONS, VerificationStatus
from khidma.kernel.models import Record
from khidma.kernel.states import StateField, Stateful


class DocumentKind(models.TextChoices):
    """What shows who somebody is."""

    STUDENT_ID = "student_id", _("student ID")


class Verification(Stateful, Record):
    """One check of a user's identity; its document is attached to it, encrypted. `reason`: of a rejection."""

    states = VERIFICATION_STATES

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="verifications", verbose_name=_("user"), db_index=False
    )
    document_kind = models.CharField(_("document"), max_length=20, choices=DocumentKind)
    status = StateField(_("status"), choices=VerificationStatus, default=VerificationStatus.APPLIED)
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )

    class Meta:
        verbose_name = _("verification of identity")
        verbose_name_plural = _("verifications of identity")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(status__in=WAITING_VERIFICATIONS), name="verification_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(status__in=WAITING_VERIFICATIONS, decided_at=None)
                | ~Q(status__in=WAITING_VERIFICATIONS) & Q(decided_at__isnull=False),
                name="verification_decided",
            ),
            models.CheckConstraint(
                condition=~Q(status=VerificationStatus.REJECTED) | ~Q(reason=""), name="verification_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="verification_of"),
            models.Index(fields=["status", "id"], name="verification_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.document_kind} of {self.user_id}"
