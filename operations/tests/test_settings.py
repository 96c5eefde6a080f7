"""Operators read and change settings; each change is on record."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_client, make_operator
from khidma.kernel.models import AuditRecord, SettingsCategory
from payments.runtime import PaymentSettings

pytestmark = pytest.mark.django_db


def test_an_operator_reads_every_category(api: Any) -> None:
    data = api(make_operator(group="support")).get("/api/settings").json()["data"]
    assert data["payments"]["autoApproveDays"] == PaymentSettings.load().auto_approve_days == 3
    assert {"payments", "security"} <= set(data)


def test_an_administrator_changes_a_value_and_it_is_in_force_and_on_record(api: Any) -> None:
    administrator = make_operator(group="administrator")
    answer = api(administrator).put("/api/settings/payments", {"autoApproveDays": 5})
    assert answer.status_code == 200
    assert answer.json()["data"]["autoApproveDays"] == PaymentSettings.load().auto_approve_days == 5
    record = AuditRecord.objects.get(action="settings.change")
    assert (record.actor_id, record.before, record.after) == (
        administrator.pk,
        {"auto_approve_days": 3},
        {"auto_approve_days": 5},
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [({"autoApproveDays": 0}, "autoApproveDays"), ({"autoApproveDays": True}, "autoApproveDays"), ({"tea": 1}, "tea")],
)
def test_a_wrong_value_is_refused_and_nothing_changes(api: Any, body: dict[str, Any], field: str) -> None:
    answer = api(make_operator(group="administrator")).put("/api/settings/payments", body)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]) == [field]
    assert not SettingsCategory.objects.exists()
    assert not AuditRecord.objects.filter(action="settings.change").exists()


def test_an_unknown_category_is_not_found(api: Any) -> None:
    assert api(make_operator(group="administrator")).get("/api/settings/tea").status_code == 404


@pytest.mark.parametrize(
    ("who", "reads", "writes"), [("nobody", 401, 401), ("client", 403, 403), ("finance", 200, 403)]
)
def test_who_may(api: Any, who: str, reads: int, writes: int) -> None:
    people: dict[str, Callable[[], User | None]] = {
        "nobody": lambda: None,
        "client": make_client,
        "finance": lambda: make_operator(group="finance"),
    }
    caller = api(people[who]())
    assert caller.get("/api/settings").status_code == reads
    assert caller.put("/api/settings/payments", {"autoApproveDays": 5}).status_code == writes
    assert PaymentSettings.load().auto_approve_days == 3
