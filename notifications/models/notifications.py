"""What people were told inside the app."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Chainable reads of notifications."""

    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at__isnull=True)


class Notification(Record):
    """One thing that one person was told inside the app; `data` holds the ids that the app opens.

    `dedupe_key` is unique, so that the same words about the same thing are not said twice within a minute.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    body = models.CharField(max_length=1000)
    data = models.JSONField(default=dict)
    action_url = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=2, default="en")
    read_at = models.DateTimeField(null=True)
    dedupe_key = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 (unique, so nobody's is null)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [
            models.Index(fields=["user", "-id"], name="notifications_of_user"),
            models.Index(fields=["user"], condition=models.Q(read_at__isnull=True), name="notifications_unread"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def type(self) -> str:
        """The contract's name for `kind`."""
        return self.kind

    @property
    def read(self) -> bool:
        """Whether its receiver has seen it."""
        return self.read_at is not None

    def for_stream(self) -> dict[str, Any]:
        """As the socket's NOTIFICATION carries it."""
        return {"id": str(self.id), "type": self.kind, "title": self.title, "body": self.body, "data": self.data}
