"""What came of adding up the whole ledger anew: a row for each time."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from khidma.kernel.models import Record


class LedgerCheck(Record):
    """One check of everything: each transfer, each balance, debits against credits. `faults` are sentences."""

    is_sound = models.BooleanField()
    faults = ArrayField(models.TextField(), default=list)
    seconds = models.FloatField(help_text="How long it took; a long check is made less often.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_sound=True, faults__len=0) | Q(is_sound=False, faults__len__gt=0),
                name="payments_check_says_why",
            )
        ]
        indexes = [models.Index(fields=["-created_at"], name="payments_check_newest")]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {'sound' if self.is_sound else 'unsound'}"
