"""The list of differences over HTTP: who may see it, what it says, how it is filtered, and what it costs."""

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.tests.factories import make_client, make_doer, make_operator
from khidma.kernel.clock import Now
from payments.models import Difference, ReconciliationRun

pytestmark = pytest.mark.django_db
PATH = "/api/admin/reconciliation"


def make_difference(run: ReconciliationRun | None = None, **over: Any) -> Difference:
    run = run or ReconciliationRun.objects.create(day=date(2026, 11, 21), finished_at=Now(), matched=3, compared=4)
    facts: dict[str, Any] = {
        "subject": "payment", "side": "only_theirs", "reference": f"pay_{Difference.objects.count()}",
        "theirs": "setl_1 pay_1", "amount": 70_000, "difference": -70_000, "last_run": run,
    }  # fmt: skip
    return Difference.objects.create(**{**facts, **over})


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("anonymous", 401),
        ("client", 403),
        ("doer", 403),
        ("support", 403),
        ("trust", 403),
        ("finance", 200),
        ("administrator", 200),
    ],
)
def test_who_may_see_it(api: Any, who: str, status: int) -> None:
    people: dict[str, Any] = {"anonymous": lambda: None, "client": make_client, "doer": make_doer}
    user = people.get(who, lambda: make_operator(who))()
    assert api(user).get(PATH).status_code == status


def test_a_row_says_what_differs_who_looks_after_it_and_for_how_long(api: Any) -> None:
    owner = make_operator("finance")
    row = make_difference(owner=owner)
    Difference.objects.filter(pk=row.pk).update(created_at=Now() - timedelta(days=3, hours=1))
    body = api(owner).get(PATH).json()
    assert body["summary"] == {"matchedShare": 0.75, "open": 1, "oldestDays": 3}
    (shown,) = body["data"]
    assert shown.pop("createdAt") > 0
    assert shown == {
        "id": str(row.pk),
        "kind": "payment_only_theirs",
        "reference": "pay_0",
        "ours": None,
        "theirs": "setl_1 pay_1",
        "amount": 70_000,
        "difference": -70_000,
        "status": "open",
        "owner": {"id": str(owner.pk), "name": owner.name},
        "note": None,
        "ageDays": 3,
    }


def test_what_cannot_be_computed_is_null(api: Any) -> None:
    body = api(make_operator("finance")).get(PATH).json()
    assert body["data"] == []
    assert body["summary"] == {"matchedShare": None, "open": 0, "oldestDays": None}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("?status=resolved", 1),
        ("?status=open,resolved", 4),
        ("?kind=payment_only_theirs", 2),
        ("?kind=fee_amount_differs", 1),
        ("?side=amount_differs", 1),
        ("?limit=2", 2),
        ("?page=9", 0),
    ],
)
def test_it_is_filtered_and_paged(api: Any, query: str, count: int) -> None:
    run = ReconciliationRun.objects.create(day=date(2026, 11, 21))
    make_difference(run)
    make_difference(run)
    make_difference(run, subject="fee", side="amount_differs")
    make_difference(run, status="resolved")
    assert len(api(make_operator("finance")).get(PATH + query).json()["data"]) == count


@pytest.mark.parametrize("query", ["?status=gone", "?kind=payment", "?side=both", "?ownerId=me", "?limit=101"])
def test_a_bad_filter_is_refused(api: Any, query: str) -> None:
    answer = api(make_operator("finance")).get(PATH + query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")


def test_more_rows_take_no_more_queries(api: Any, django_assert_max_num_queries: Any) -> None:
    run = ReconciliationRun.objects.create(day=date(2026, 11, 21))
    for _ in range(12):
        make_difference(run, owner=make_operator("finance"))
    client = api(make_operator("finance"))
    client.get(PATH)
    with django_assert_max_num_queries(12):
        assert len(client.get(PATH).json()["data"]) == 12
