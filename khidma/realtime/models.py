"""The stream of every user: numbered events, kept for a while so that a client can take up where it was cut off."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import Now


class StreamPosition(models.Model):
    """How far one user's stream has come: the row that gives out numbers, under its lock."""

    user_id = models.UUIDField(primary_key=True, editable=False)
    last_seq = models.BigIntegerField(help_text=_("The newest number given out."))
    trimmed_to = models.BigIntegerField(default=0, help_text=_("Events up to and with this number are no longer kept."))

    class Meta:
        verbose_name = _("stream position")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(trimmed_to__gte=0, trimmed_to__lte=models.F("last_seq")),
                name="realtime_trimmed_within_stream",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.last_seq}"


class StreamEvent(models.Model):
    """One event as one user hears it. Numbers are gap-free per user and never given twice."""

    user_id = models.UUIDField(editable=False)
    seq = models.BigIntegerField()
    event = models.CharField(max_length=40)
    data = models.JSONField()
    created_at = models.DateTimeField(db_default=Now(), db_index=True, editable=False)

    class Meta:
        verbose_name = _("stream event")
        constraints = [models.UniqueConstraint(fields=["user_id", "seq"], name="realtime_one_event_per_number")]

    def __str__(self) -> str:
        return f"{self.event} {self.seq} of {self.user_id}"
