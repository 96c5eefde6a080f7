"""The one table of khidma.http: answers kept for requests that may come twice."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record


class IdempotencyRecord(Record):
    """The first answer under an idempotency key. It is written in the transaction that it answers for."""

    scope = models.CharField(
        _("scope"), max_length=64, unique=True, help_text=_("Hash of caller, method, path and key.")
    )
    caller_id = models.UUIDField(_("caller"))
    operation = models.CharField(_("operation"), max_length=200)
    fingerprint = models.CharField(_("fingerprint"), max_length=64, help_text=_("Hash of the body."))
    status = models.PositiveSmallIntegerField(
        _("status"), null=True, help_text=_("Empty while the first request runs.")
    )
    answer = models.TextField(_("answer"), blank=True, default="", help_text=_("Sealed."))
    settles_at = models.DateTimeField(
        _("settles at"), null=True, help_text=_("Until when the answer may still change; empty when it may not.")
    )

    class Meta:
        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")
        constraints = [
            models.CheckConstraint(
                condition=Q(settles_at__isnull=False) | Q(status__isnull=False), name="idempotency_ended_has_status"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return f"{self.operation} {self.status or '…'}"
