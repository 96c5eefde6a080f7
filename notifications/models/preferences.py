"""What each person wants to hear, by which channels, in which language, and when not."""

import zoneinfo
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from khidma.delivery.models import Channel
from khidma.kernel.clock import Now
from notifications.kinds import ALWAYS, Group, group_of

INDIA = "Asia/Kolkata"


class Language(models.TextChoices):
    ENGLISH = "en", _("English")
    HINDI = "hi", _("Hindi")


class Preferences(models.Model):
    """One person's choices. Who has no row wants everything that a kind deserves, in English, at any hour.

    `choices` holds what differs from that: `{"order_updates": {"sms": false}}`.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notification_preferences"
    )
    language = models.CharField(max_length=2, choices=Language, default=Language.ENGLISH)
    push = models.BooleanField(default=True)
    sms = models.BooleanField(default=True)
    email = models.BooleanField(default=True)
    choices = models.JSONField(default=dict)
    quiet_start = models.TimeField(null=True)
    quiet_end = models.TimeField(null=True)
    time_zone = models.CharField(max_length=64, default=INDIA)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")
        constraints = [
            models.CheckConstraint(condition=Q(language__in=Language.values), name="notifications_language"),
            models.CheckConstraint(
                condition=Q(quiet_start__isnull=True, quiet_end__isnull=True)
                | Q(quiet_start__isnull=False, quiet_end__isnull=False) & ~Q(quiet_start=F("quiet_end")),
                name="notifications_quiet_hours",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user_id)

    @property
    def channels(self) -> dict[str, bool]:
        """The switch of each channel."""
        return {channel.value: bool(getattr(self, channel)) for channel in Channel}

    @property
    def kinds(self) -> dict[str, dict[str, bool]]:
        """The switches of each group of kinds."""
        return {group.value: {channel.value: self.chooses(group, channel) for channel in Channel} for group in Group}

    @property
    def quiet_hours(self) -> dict[str, Any] | None:
        """When not to disturb, if set."""
        if self.quiet_start is None:
            return None
        return {"start": self.quiet_start, "end": self.quiet_end, "time_zone": self.time_zone}

    def chooses(self, group: Group, channel: Channel) -> bool:
        """The switch of one channel for one group, whatever the channel's own switch says."""
        return group in ALWAYS or bool(self.choices.get(group, {}).get(channel, True))

    def wants(self, kind: str, channel: Channel) -> bool:
        """Whether a notification of this kind may go out by this channel."""
        group = group_of(kind)
        return group in ALWAYS or (bool(getattr(self, channel)) and self.chooses(group, channel))

    def quiet_until(self, kind: str, channel: Channel, moment: datetime) -> datetime | None:
        """When the quiet hours end that `moment` is in; None outside of them, for e-mail, and for what never waits."""
        if self.quiet_start is None or self.quiet_end is None:
            return None
        if channel == Channel.EMAIL or group_of(kind) in ALWAYS:
            return None
        return end_of_quiet(self.quiet_start, self.quiet_end, moment.astimezone(zoneinfo.ZoneInfo(self.time_zone)))


def end_of_quiet(start: time, end: time, local: datetime) -> datetime | None:
    """The end of the quiet hours that a local moment is in, over midnight or not."""
    clock = local.time()
    if start < end:
        is_quiet, day = start <= clock < end, local.date()
    else:
        is_quiet = clock >= start or clock < end
        day = local.date() + timedelta(days=1) if clock >= start else local.date()
    return datetime.combine(day, end, tzinfo=local.tzinfo) if is_quiet else None
