"""A notification on its way out of the house, one row for each channel and device; and what text messages cost."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.delivery.models import Channel
from khidma.kernel.clock import Now
from khidma.kernel.models import Record
from notifications.models.notifications import Notification


class SendingStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENT = "sent", _("sent")
    REFUSED = "refused", _("refused for good")
    DROPPED = "dropped", _("dropped by us")
    DEAD = "dead", _("given up")


class SendingQuerySet(models.QuerySet["Sending"]):
    """Sendings by what may still be done with them."""

    def waiting(self, sending_id: UUID) -> "SendingQuerySet":
        """This one, while nobody has settled it."""
        return self.filter(pk=sending_id, status=SendingStatus.WAITING)


class Sending(Record):
    """One notification by one channel to one device or address: the claim, the retry and the receipt.

    Whoever sends it moves `due_at` on first; who dies before writing the answer down leaves it to be sent again, under
    the same key. `text` and `values` are those of a text message, see `khidma.delivery`.
    """

    notification = models.ForeignKey(Notification, models.CASCADE, related_name="sendings", db_index=False)
    channel = models.CharField(max_length=5, choices=Channel)
    device_id = models.UUIDField(null=True, help_text=_("Of a push; the device may be gone since."))
    text = models.CharField(max_length=1000, blank=True)
    values = models.JSONField(default=dict)
    status = models.CharField(max_length=8, choices=SendingStatus, default=SendingStatus.WAITING)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    provider = models.CharField(max_length=20, blank=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    objects = SendingQuerySet.as_manager()

    class Meta:
        verbose_name = _("sending")
        verbose_name_plural = _("sendings")
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "channel", "device_id"],
                nulls_distinct=False,
                name="notifications_sending_once",
            ),
            models.CheckConstraint(
                condition=Q(channel=Channel.PUSH, device_id__isnull=False)
                | ~Q(channel=Channel.PUSH) & Q(device_id__isnull=True),
                name="notifications_sending_device",
            ),
            models.CheckConstraint(
                condition=Q(status=SendingStatus.SENT, sent_at__isnull=False)
                | ~Q(status=SendingStatus.SENT) & Q(sent_at__isnull=True),
                name="notifications_sending_sent",
            ),
            models.CheckConstraint(condition=Q(status__in=SendingStatus.values), name="notifications_sending_status"),
        ]
        indexes = [
            models.Index(
                fields=["channel", "due_at", "id"],
                condition=Q(status=SendingStatus.WAITING),
                name="notifications_sending_due",
            ),
            models.Index(fields=["id"], condition=Q(status=SendingStatus.DEAD), name="notifications_sending_dead"),
            models.Index(fields=["created_at"], name="notifications_sending_age"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} of {self.notification_id}"

    @property
    def key(self) -> str:
        """Makes a repeated call one message, where a provider can."""
        return f"{self.notification_id}:{self.device_id}" if self.device_id else str(self.notification_id)


class SmsCount(Record):
    """Text messages that notifications began to send on one day in India: one person's, or (`user` empty) all."""

    day = models.DateField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    count = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0, help_text=_("Over the cap; these went by other channels."))

    class Meta:
        verbose_name = _("text messages of a day")
        verbose_name_plural = _("text messages of a day")
        constraints = [
            models.UniqueConstraint(fields=["day", "user"], nulls_distinct=False, name="notifications_sms_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.count}"
