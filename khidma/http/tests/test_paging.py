"""Pages and feeds: nothing twice, nothing missed, nothing counted without end."""

from datetime import timedelta
from typing import Any

import pytest

from khidma.http import paging
from khidma.kernel.clock import now
from khidma.kernel.models import OutboxEvent

pytestmark = [pytest.mark.django_db, pytest.mark.urls("khidma.http.tests.urls")]


def make_notes(count: int, *, at_one_moment: bool = False) -> None:
    moment = now()
    OutboxEvent.objects.bulk_create(
        OutboxEvent(
            name=f"note {index}",
            payload={},
            created_at=moment if at_one_moment else moment - timedelta(seconds=index),
        )
        for index in range(count)
    )


def names(response: Any) -> list[str]:
    return [note["name"] for note in response.json()["data"]]


def test_a_page_says_where_it_stands(call: Any) -> None:
    make_notes(45)
    response = call()("GET", "/api/notes-by-page?page=2")
    assert response.json()["pagination"] == {
        "page": 2,
        "limit": 20,
        "total": 45,
        "totalPages": 3,
        "hasNext": True,
        "hasPrev": True,
    }
    assert names(response) == [f"note {index}" for index in range(20, 40)]
    last = call()("GET", "/api/notes-by-page?page=3").json()
    assert (len(last["data"]), last["pagination"]["hasNext"], last["pagination"]["total"]) == (5, False, 45)


@pytest.mark.parametrize("page", [4, 1000, 2**31 - 1])
def test_past_the_end_is_empty(call: Any, page: int) -> None:
    make_notes(45)
    for path in ("/api/notes-by-page", "/api/notes"):
        body = call()("GET", f"{path}?page={page}").json()
        assert body["data"] == []
        assert (body["pagination"]["total"], body["pagination"]["hasNext"]) == (45, False)


def test_an_empty_list_is_a_page_too(call: Any) -> None:
    body = call()("GET", "/api/notes").json()
    assert body["data"] == []
    assert body["pagination"]["totalPages"] == 0
    assert body["pagination"]["nextCursor"] is None


@pytest.mark.parametrize("at_one_moment", [True, False])
def test_a_feed_loses_and_repeats_nothing_while_rows_arrive(call: Any, at_one_moment: bool) -> None:
    make_notes(47, at_one_moment=at_one_moment)
    seen: list[str] = []
    path = "/api/notes?limit=10"
    for _ in range(10):
        response = call()("GET", path)
        seen += names(response)
        OutboxEvent.objects.create(name="arrived", payload={}, created_at=now() + timedelta(hours=1))
        cursor = response.json()["pagination"]["nextCursor"]
        if cursor is None:
            break
        path = f"/api/notes?limit=10&cursor={cursor}"
    assert len(seen) == len(set(seen)) == 47
    assert "arrived" not in seen


def test_a_feed_counts_its_pages(call: Any) -> None:
    make_notes(25)
    first = call()("GET", "/api/notes?limit=10").json()["pagination"]
    second = call()("GET", f"/api/notes?limit=10&cursor={first['nextCursor']}").json()["pagination"]
    third = call()("GET", f"/api/notes?limit=10&cursor={second['nextCursor']}").json()["pagination"]
    assert [(page["page"], page["total"], page["hasNext"]) for page in (first, second, third)] == [
        (1, 25, True),
        (2, 25, True),
        (3, 25, False),
    ]
    assert third["nextCursor"] is None


def test_a_cursor_of_another_feed_or_changed_by_hand_is_refused(call: Any) -> None:
    make_notes(3)
    cursor = call()("GET", "/api/notes?limit=1").json()["pagination"]["nextCursor"]
    assert call()("GET", f"/api/notes?cursor={cursor[:-1]}x").status_code == 400
    foreign = paging.Cursor(("-created_at", "-id"), "elsewhere").write(2, OutboxEvent.objects.first())
    assert call()("GET", f"/api/notes?cursor={foreign}").status_code == 400


def test_no_more_is_counted_than_the_cap(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "COUNT_CAP", 30)
    make_notes(31)
    body = call()("GET", "/api/notes-by-page").json()
    assert (body["pagination"]["total"], body["pagination"]["totalIsCapped"]) == (30, True)
    assert call()("GET", "/api/notes-by-page?page=3").json()["data"] == []
    OutboxEvent.objects.order_by("id").first().delete()  # type: ignore[union-attr]
    assert "totalIsCapped" not in call()("GET", "/api/notes-by-page").json()["pagination"]


def test_a_short_first_page_needs_no_count(call: Any, django_assert_num_queries: Any) -> None:
    make_notes(5)
    with django_assert_num_queries(1):
        paging.page(OutboxEvent.objects.order_by("id"), number=1, limit=20)
    with django_assert_num_queries(2):
        paging.page(OutboxEvent.objects.order_by("id"), number=1, limit=5)


def test_a_plain_list_can_be_paged() -> None:
    assert paging.page(list(range(5)), number=2, limit=2).items == [2, 3]


def test_the_keys_of_a_feed_point_one_way() -> None:
    with pytest.raises(ValueError, match="one way"):
        paging.Cursor(("-created_at", "id"), "x")
