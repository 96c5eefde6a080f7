"""What was said to the gateway and what it said: attempts before calls that move money, and its events as they came."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import Now
from khidma.kernel.models import Record


class Operation(models.TextChoices):
    ORDER = "order", _("Create an order")
    CAPTURE = "capture", _("Capture a payment")
    REFUND = "refund", _("Refund")
    VALIDATION = "validation", _("Penny drop")
    PAYOUT = "payout", _("Payout")


class AttemptStatus(models.TextChoices):
    STARTED = "started", _("Started, outcome unknown")
    ANSWERED = "answered", _("Answered")
    REFUSED = "refused", _("Refused")


class GatewayAttempt(Record):
    """One intended call: committed with key and exact body before it is made, repeated with both until it is answered.

    `key` is the bare UUID that goes to the gateway as idempotency key and as receipt or reference.
    """

    subject_id = models.UUIDField(editable=False)
    operation = models.CharField(max_length=12, choices=Operation, editable=False)
    key = models.UUIDField(unique=True, editable=False)
    body = models.JSONField(editable=False)
    status = models.CharField(max_length=10, choices=AttemptStatus, default=AttemptStatus.STARTED)
    calls = models.PositiveIntegerField(default=0)
    called_at = models.DateTimeField(null=True)
    gateway_id = models.CharField(max_length=40, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "operation"], condition=Q(status="started"), name="payments_attempt_one_open"
            )
        ]
        indexes = [models.Index(fields=["subject_id", "operation"], name="payments_attempt_subject")]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"


class EventStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    DONE = "done", _("Done")
    IGNORED = "ignored", _("Not for us")
    DEAD = "dead", _("Given up")


class GatewayEvent(Record):
    """A signed message of the gateway, stored raw before anything is done with it."""

    endpoint = models.CharField(max_length=20)
    event_id = models.CharField(max_length=64)
    name = models.CharField(max_length=80, blank=True)
    raw = models.BinaryField()
    status = models.CharField(max_length=10, choices=EventStatus, default=EventStatus.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "event_id"], name="payments_event_once")]
        indexes = [models.Index(fields=["due_at", "id"], condition=Q(status="pending"), name="payments_event_due")]

    def __str__(self) -> str:
        return f"{self.name} {self.event_id}"
