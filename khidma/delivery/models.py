"""What would have been sent: the outbox of a local or test run."""

from django.db import models

from khidma.kernel.models import Record


class Channel(models.TextChoices):
    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"


class OutboxMessage(Record):
    """One SMS, e-mail or push that a local run kept instead of sending; never written in production."""

    channel = models.CharField(max_length=5, choices=Channel)
    to = models.CharField(max_length=320)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField()
    key = models.CharField(max_length=200, unique=True)

    class Meta:
        verbose_name = "outbox message"
        indexes = [models.Index(fields=["to", "id"], name="delivery_outbox_to")]

    def __str__(self) -> str:
        return f"{self.channel} to {self.to}"
