"""Shapes of preferences on the wire."""

import zoneinfo
from datetime import time
from functools import cache
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError

from khidma.http.fields import Choice, Flag, Text
from khidma.http.serializers import Serializer
from notifications.models import Language


@cache
def time_zones() -> frozenset[str]:
    """Every name in the database of time zones."""
    return frozenset(zoneinfo.available_timezones())


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["22:30"]})
class TimeOfDay(Text):
    """A time of day: `22:30`."""

    default_error_messages = {"time": _("Must be a time such as 22:30.")}

    def to_internal_value(self, data: Any) -> time:  # type: ignore[override]
        if len(data) != 5 or data[2] != ":" or not data.isascii() or not (data[:2] + data[3:]).isdecimal():
            self.fail("time")
        try:
            return time(int(data[:2]), int(data[3:]))
        except ValueError:
            return self.fail("time")

    def to_representation(self, value: Any) -> str:
        return f"{value:%H:%M}"


class ChannelSwitches(Serializer):
    push = Flag()
    sms = Flag()
    email = Flag()


class LockedSwitches(ChannelSwitches):
    """Of what nobody can turn off."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        off = [name for name, is_on in attrs.items() if not is_on]
        if off:
            raise ValidationError({name: [_("This cannot be turned off.")] for name in off})
        return attrs


class KindSwitches(Serializer):
    """One for each group of kinds."""

    applications = ChannelSwitches()
    order_updates = ChannelSwitches()
    payments = ChannelSwitches()
    reviews = ChannelSwitches()
    messages = ChannelSwitches()
    security = LockedSwitches()
    account = ChannelSwitches()


class QuietHours(Serializer):
    start = TimeOfDay()
    end = TimeOfDay()
    time_zone = Text(max_length=64)

    def validate_time_zone(self, value: str) -> str:
        if value not in time_zones():
            raise ValidationError([_("Must be a time zone such as Asia/Kolkata.")])
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in ("start", "end") if name not in attrs]
        if missing:
            raise ValidationError({name: [_("This field is required.")] for name in missing})
        if attrs["start"] == attrs["end"]:
            raise ValidationError({"end": [_("Must not be the start.")]})
        return attrs


class PreferencesSerializer(Serializer):
    channels = ChannelSwitches()
    kinds = KindSwitches()
    quiet_hours = QuietHours(allow_null=True)
    language = Choice(choices=Language.choices)
