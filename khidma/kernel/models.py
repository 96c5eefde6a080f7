"""The tables of the kernel, and the base that every app's tables share."""

from django.db import models

from khidma.kernel.clock import Clock, Now
from khidma.kernel.ids import new_id


class Record(models.Model):
    """A row with a UUIDv7 and the moment it was made, by the database's clock."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


class StateChange(models.Model):
    """One step of one record through its states: who, from, to, when and why. Never changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    action = models.CharField(max_length=40)
    from_status = models.CharField(max_length=30, blank=True)
    to_status = models.CharField(max_length=30)
    actor_id = models.UUIDField(null=True)
    actor_role = models.CharField(max_length=20)
    reason = models.CharField(max_length=2000, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "kernel_state_change"
        verbose_name = "state change"
        indexes = [models.Index(fields=["subject_type", "subject_id", "id"], name="kernel_state_change_subject")]

    def __str__(self) -> str:
        return f"{self.subject_type} {self.from_status} → {self.to_status}"


class OutboxEvent(models.Model):
    """A fact that was announced, as it was published."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100)
    payload = models.JSONField()
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        db_table = "kernel_outbox_event"
        verbose_name = "event"

    def __str__(self) -> str:
        return self.name


class DeliveryStatus(models.TextChoices):
    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


class OutboxDelivery(models.Model):
    """One event on its way to one handler: the row is the claim, the retry and the receipt."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=150)
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        db_table = "kernel_outbox_delivery"
        verbose_name = "event delivery"
        verbose_name_plural = "event deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="kernel_outbox_once_per_handler")]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=models.Q(status="pending"), name="kernel_outbox_due"),
            models.Index(fields=["id"], condition=models.Q(status="dead"), name="kernel_outbox_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.handler}"


class SettingsCategory(models.Model):
    """The values of one category of runtime settings that differ from their defaults."""

    category = models.CharField(max_length=40, primary_key=True)
    values = models.JSONField(default=dict)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "kernel_settings"
        verbose_name = "settings"
        verbose_name_plural = "settings"

    def __str__(self) -> str:
        return self.category


class AuditRecord(models.Model):
    """One act of an operator: who, what, before and after, why, from where. Never changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(db_default=Now())
    actor_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=60)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        db_table = "kernel_audit_record"
        verbose_name = "audit record"
        indexes = [models.Index(fields=["target_type", "target_id", "id"], name="kernel_audit_target")]

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_id}"


__all__ = [
    "AuditRecord",
    "Clock",
    "DeliveryStatus",
    "OutboxDelivery",
    "OutboxEvent",
    "Record",
    "SettingsCategory",
    "StateChange",
]
