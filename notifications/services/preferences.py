"""What people change about what they are told."""

from collections.abc import Mapping
from datetime import time
from typing import Any

from django.db import transaction

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.states import lock
from notifications.models import Preferences


@transaction.atomic
def change_preferences(
    *,
    user: User,
    channels: Mapping[str, bool] | None = None,
    kinds: Mapping[str, Mapping[str, bool]] | None = None,
    quiet_hours: Mapping[str, Any] | None = None,
    clear_quiet_hours: bool = False,
    language: str = "",
) -> Preferences:
    """Change what is given and leave the rest; what waits already goes by the new choice of quiet hours.

    `kinds` are groups of kinds. `quiet_hours`: `start`, `end` (times of day) and perhaps `time_zone`.
    """
    Preferences.objects.bulk_create([Preferences(user=user)], ignore_conflicts=True)
    preferences = lock(Preferences, user.pk)
    for channel, is_on in (channels or {}).items():
        setattr(preferences, channel, is_on)
    for group, switches in (kinds or {}).items():
        preferences.choices[group] = {**preferences.choices.get(group, {}), **switches}
    if clear_quiet_hours:
        _set_quiet_hours(preferences, None, None)
    elif quiet_hours is not None:
        _set_quiet_hours(preferences, quiet_hours["start"], quiet_hours["end"])
        preferences.time_zone = quiet_hours.get("time_zone", preferences.time_zone)
    preferences.language = language or preferences.language
    preferences.updated_at = now()
    preferences.save()
    return preferences


def _set_quiet_hours(preferences: Preferences, start: time | None, end: time | None) -> None:
    preferences.quiet_start, preferences.quiet_end = start, end
