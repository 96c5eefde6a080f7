"""Acts that take two operators: asked for by one, carried out once another confirms."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from khidma.kernel.models import Record
from khidma.kernel.money import PaiseField
from khidma.kernel.states import StateField, Stateful
from payments.states import SECOND_PERSON_STATES, SecondPersonStatus


class SecondPersonAct(Stateful, Record):
    """What one operator asks for and another one confirms. `subject_id` is what it is about, `content` how to do it."""

    states = SECOND_PERSON_STATES

    kind = models.CharField(max_length=30, editable=False)
    subject_id = models.UUIDField(editable=False)
    amount = PaiseField(editable=False)
    content = models.JSONField(default=dict, editable=False)
    reason = models.CharField(max_length=500)
    status = StateField(choices=SecondPersonStatus, default=SecondPersonStatus.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="acts_asked")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="acts_decided"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="payments_second_person_amount"),
            models.CheckConstraint(
                condition=~Q(status="confirmed") | (Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="payments_second_person_is_another",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_id"], condition=Q(status="asked"), name="payments_second_person_one_open"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], condition=Q(status="asked"), name="payments_second_person_open")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject_id}"
