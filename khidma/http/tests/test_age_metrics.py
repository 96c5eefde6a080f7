"""What Prometheus is told about ages, and how seldom the database is asked for it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from khidma.http.age_metrics import FRESH_SECONDS, AgeCollector
from khidma.http.models import IdempotencyRecord
from khidma.kernel.aging import maximum_ages
from khidma.kernel.clock import Now
from khidma.kernel.ids import new_id

pytestmark = pytest.mark.django_db

ROW = "http.idempotencyrecord: in flight"


def told(collector: AgeCollector, family: str) -> dict[str, float]:
    """The values of one family by row."""
    families = {one.name: one for one in collector.collect()}
    return {sample.labels["row"]: sample.value for sample in families[family].samples}


def leave_in_flight(**age: Any) -> None:
    record = IdempotencyRecord.objects.create(
        scope=str(new_id()), caller_id=new_id(), operation="POST a", fingerprint="", settles_at=Now()
    )
    IdempotencyRecord.objects.filter(pk=record.pk).update(created_at=Now() - timedelta(**age))


def test_count_over_age_and_oldest_of_every_row_are_told() -> None:
    leave_in_flight(hours=1)
    leave_in_flight(hours=26)
    collector = AgeCollector()

    assert told(collector, "khidma_in_flight")[ROW] == 2
    assert told(collector, "khidma_over_age")[ROW] == 1
    assert 26 * 3600 <= told(collector, "khidma_oldest_seconds")[ROW] < 26 * 3600 + 60
    assert {age.name for age in maximum_ages()} <= set(told(collector, "khidma_over_age"))


def test_the_database_is_asked_once_in_a_while_however_often_prometheus_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    collector = AgeCollector()
    told(collector, "khidma_in_flight")

    with CaptureQueriesContext(
        connection,
    ) as asked:
        told(collector, "khidma_in_flight")
        monkeypatch.setattr(collector, "_measured_at", collector._measured_at - FRESH_SECONDS)
        assert len(asked) == 0
        told(collector, "khidma_in_flight")
        assert len(asked) >= len(maximum_ages())
