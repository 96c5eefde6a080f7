"""The devices that want to hear what people are told."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Session
from khidma.kernel.models import Record


class Platform(models.TextChoices):
    ANDROID = "android"
    IOS = "ios"
    WEB = "web"


class PushToken(Record):
    """One device of one user. A token belongs to whoever registered it last, and ends with the session that did."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_tokens")
    token = models.CharField(max_length=512, unique=True)
    platform = models.CharField(max_length=7, choices=Platform)
    device_id = models.CharField(max_length=200, blank=True)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, null=True, related_name="push_tokens")

    class Meta:
        verbose_name = _("push token")
        verbose_name_plural = _("push tokens")

    def __str__(self) -> str:
        return f"{self.platform} {self.id}"
