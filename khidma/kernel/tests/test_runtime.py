"""Runtime settings have a schema, defaults, and one place where they change."""

from typing import Any

import pytest
from django.db import transaction

from khidma.kernel import runtime
from khidma.kernel.errors import Invalid
from khidma.kernel.models import SettingsCategory
from khidma.kernel.runtime import RuntimeSettings, setting

pytestmark = pytest.mark.django_db


class KettleSettings(RuntimeSettings, category="kettle_tests"):
    cups: int = setting(4, minimum=1, maximum=9)
    whistle: bool = setting(True)
    tune: str = setting("long", choices=("long", "short"))


def test_without_a_row_the_defaults_hold() -> None:
    assert KettleSettings.load().as_dict() == {"cups": 4, "whistle": True, "tune": "long"}


def test_a_change_is_merged_and_in_force_at_once() -> None:
    with transaction.atomic():
        runtime.change(KettleSettings, {"cups": 2})
        changed = runtime.change(KettleSettings, {"whistle": False})
    assert changed.as_dict() == {"cups": 2, "whistle": False, "tune": "long"}


def test_what_another_process_changed_is_seen_after_the_cache_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    assert KettleSettings.load().cups == 4
    SettingsCategory.objects.create(category="kettle_tests", values={"cups": 7})
    assert KettleSettings.load().cups == 4
    monkeypatch.setattr(runtime, "FRESH_SECONDS", 0.0)
    assert KettleSettings.load().cups == 7


@pytest.mark.parametrize(
    "values",
    [{"cups": 0}, {"cups": 10}, {"cups": True}, {"cups": "3"}, {"whistle": 1}, {"tune": "loud"}, {"spoons": 1}],
)
def test_a_wrong_value_is_refused_and_nothing_changes(values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught, transaction.atomic():
        runtime.change(KettleSettings, values)
    assert list(caught.value.details) == list(values)
    assert not SettingsCategory.objects.exists()
