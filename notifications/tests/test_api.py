"""Notifications and devices over HTTP: who may, what comes back, in how many queries."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator
from khidma.http.fields import milliseconds
from khidma.http.schema import document
from khidma.kernel.ids import new_id
from khidma.tests.client import JsonClient
from notifications import services
from notifications.models import Notification, PushToken, Sending
from notifications.services.sending import _address
from notifications.tests.factories import make_notification, make_push_token

pytestmark = pytest.mark.django_db

Api = Callable[..., JsonClient]

CALLERS = ["anonymous", "stranger", "operator", "owner"]
DEVICE = {"token": "a-new-device-of-somebody", "platform": "web"}

# Method, address, body, and the answers to the four callers in this order.
WHO_MAY: list[tuple[str, str, Any, list[int]]] = [
    ("get", "/api/notifications", None, [401, 200, 200, 200]),
    ("put", "/api/notifications/{notification}/read", None, [401, 404, 404, 200]),
    ("put", "/api/notifications/read-all", None, [401, 200, 200, 200]),
    ("post", "/api/notifications/tokens", DEVICE, [401, 201, 201, 201]),
    ("delete", "/api/notifications/tokens/{device}", None, [401, 404, 404, 204]),
    ("get", "/api/notifications/preferences", None, [401, 200, 200, 200]),
    ("patch", "/api/notifications/preferences", {"language": "hi"}, [401, 200, 200, 200]),
]


def rows() -> list[Any]:
    """Every notification and every device."""
    return [list(model.objects.order_by("pk").values()) for model in (Notification, PushToken)]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("method", "path", "body", "expected"), WHO_MAY)
def test_who_may(api: Api, method: str, path: str, body: Any, expected: list[int], caller: str) -> None:
    owner = make_doer()
    notification, device = make_notification(owner), make_push_token(owner)
    people: dict[str, Callable[[], User | None]] = {
        "anonymous": lambda: None,
        "stranger": make_client,
        "operator": lambda: make_operator("support"),
        "owner": lambda: owner,
    }
    client = api(people[caller]())
    before = rows()
    address = path.format(notification=notification.pk, device=device.pk)
    answer = client.get(address) if method == "get" else getattr(client, method)(address, body)
    status = expected[CALLERS.index(caller)]
    assert answer.status_code == status
    if status >= 400:
        assert rows() == before
    # Whoever it was but the owner, what is the owner's stays as it is.
    if caller != "owner":
        assert Notification.objects.unread().filter(pk=notification.pk).exists()
        assert PushToken.objects.filter(pk=device.pk, user=owner).exists()


def test_a_person_sees_their_own_newest_first_with_a_summary(api: Api) -> None:
    user = make_doer()
    told = [make_notification(user, title=f"Number {number}") for number in range(3)]
    make_notification(make_client())
    api(user).put(f"/api/notifications/{told[0].pk}/read")
    answer = api(user).get("/api/notifications").json()
    assert [row["title"] for row in answer["data"]] == ["Number 2", "Number 1", "Number 0"]
    assert answer["summary"] == {"total": 3, "unread": 2}
    newest = answer["data"][0]
    assert newest == {
        "id": str(told[2].pk),
        "type": "order_funded",
        "title": "Number 2",
        "body": told[2].body,
        "data": {"orderId": "0195f0a0-0000-7000-8000-000000000001"},
        "actionUrl": "/orders/0195f0a0-0000-7000-8000-000000000001",
        "read": False,
        "readAt": None,
        "createdAt": milliseconds(told[2].created_at),
    }


def test_the_document_lets_an_unread_notification_have_no_moment_of_reading() -> None:
    described = document()["components"]["schemas"]["Notification"]["properties"]["readAt"]
    assert described["type"] == ["integer", "null"]


def test_the_unread_alone_and_the_summary_of_all(api: Api) -> None:
    user = make_doer()
    told = [make_notification(user) for _ in range(3)]
    api(user).put(f"/api/notifications/{told[1].pk}/read")
    unread = api(user).get("/api/notifications", {"unread": "true"}).json()
    assert [row["id"] for row in unread["data"]] == [str(told[2].pk), str(told[0].pk)]
    assert unread["pagination"]["total"] == 2
    assert unread["summary"] == {"total": 3, "unread": 2}
    assert len(api(user).get("/api/notifications", {"unread": "false"}).json()["data"]) == 3


@pytest.mark.parametrize("query", [{"unread": "perhaps"}, {"cursor": "tea"}, {"limit": "0"}, {"limit": "many"}])
def test_a_wrong_question_is_refused_by_name(api: Api, query: dict[str, str]) -> None:
    answer = api(make_doer()).get("/api/notifications", query)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]) == list(query)


def test_the_feed_skips_and_repeats_nothing_while_it_grows(api: Api) -> None:
    user = make_doer()
    told = [str(make_notification(user).pk) for _ in range(5)]
    client = api(user)
    first = client.get("/api/notifications", {"limit": "2"}).json()
    make_notification(user)
    second = client.get("/api/notifications", {"limit": "2", "cursor": first["pagination"]["nextCursor"]}).json()
    third = client.get("/api/notifications", {"limit": "2", "cursor": second["pagination"]["nextCursor"]}).json()
    seen = [row["id"] for page in (first, second, third) for row in page["data"]]
    assert seen == told[::-1]
    assert third["pagination"]["nextCursor"] is None


def test_a_long_list_takes_no_more_queries_than_a_short_one(api: Api) -> None:
    user = make_doer()
    client = api(user)
    counted = []
    for more in (3, 27):
        for _ in range(more):
            make_notification(user)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get("/api/notifications", {"limit": "50"})
        counted.append((len(answer.json()["data"]), len(queries)))
    assert [rows for rows, _ in counted] == [3, 30]
    assert counted[0][1] == counted[1][1] <= 5


def test_reading_answers_with_when_and_again_with_the_same(api: Api) -> None:
    user = make_doer()
    notification = make_notification(user)
    first = api(user).put(f"/api/notifications/{notification.pk}/read").json()["data"]
    notification.refresh_from_db()
    assert notification.read_at is not None
    assert (first["read"], first["readAt"]) == (True, milliseconds(notification.read_at))
    assert api(user).put(f"/api/notifications/{notification.pk}/read").json()["data"] == first


def test_reading_all_says_how_many_that_were(api: Api) -> None:
    user, other = make_doer(), make_client()
    for person in (user, user, other):
        make_notification(person)
    assert api(user).put("/api/notifications/read-all").json()["data"] == {"updated": 2}
    assert api(user).put("/api/notifications/read-all").json()["data"] == {"updated": 0}
    assert api(user).get("/api/notifications").json()["summary"] == {"total": 2, "unread": 0}
    assert api(other).get("/api/notifications").json()["summary"] == {"total": 1, "unread": 1}


def test_what_does_not_exist_is_not_found(api: Api) -> None:
    client = api(make_doer())
    assert client.put(f"/api/notifications/{new_id()}/read").status_code == 404
    assert client.delete(f"/api/notifications/tokens/{new_id()}").status_code == 404
    assert client.put("/api/notifications/tea/read").status_code == 404


def test_a_device_is_registered_and_its_token_never_shown(api: Api) -> None:
    user = make_doer()
    answer = api(user).post("/api/notifications/tokens", {**DEVICE, "deviceId": "Pixel"})
    assert answer.status_code == 201
    stored = PushToken.objects.get(user=user)
    assert answer.json()["data"] == {
        "id": str(stored.pk),
        "platform": "web",
        "deviceId": "Pixel",
        "createdAt": milliseconds(stored.created_at),
    }
    assert DEVICE["token"].encode() not in answer.content


def test_the_same_device_again_moves_to_the_new_owner(api: Api) -> None:
    before, after = make_doer(), make_client()
    first = api(before).post("/api/notifications/tokens", DEVICE).json()["data"]["id"]
    assert api(before).post("/api/notifications/tokens", DEVICE).json()["data"]["id"] == first
    moved = api(after).post("/api/notifications/tokens", DEVICE).json()["data"]["id"]
    assert list(PushToken.objects.values_list("user_id", flat=True)) == [after.pk]
    assert api(before).delete(f"/api/notifications/tokens/{moved}").status_code == 404
    assert api(after).delete(f"/api/notifications/tokens/{moved}").status_code == 204
    assert not PushToken.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"token": "short"}, "token"),
        ({"token": "x" * 513}, "token"),
        ({"token": 12345678}, "token"),
        ({"platform": "fridge"}, "platform"),
        ({"deviceId": 7}, "deviceId"),
        ({"userId": "me"}, "userId"),
    ],
)
def test_a_wrong_device_is_refused(api: Api, change: dict[str, Any], field: str) -> None:
    answer = api(make_doer()).post("/api/notifications/tokens", {**DEVICE, **change})
    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]) == [field]
    assert not PushToken.objects.exists()


def test_a_device_hears_nothing_more_once_its_session_has_ended(api: Any) -> None:
    user = make_doer()
    client = api(user)
    kept = make_push_token(user)
    client.post("/api/notifications/tokens", {"token": "lost-phone-0001", "platform": "android"})
    lost = PushToken.objects.get(token="lost-phone-0001")
    told = make_notification(user)
    services.plan_sendings(notification_id=told.pk, channels=["push"])
    assert {row.device_id for row in Sending.objects.all()} == {kept.pk, lost.pk}
    assert client.post("/api/auth/logout", {}).status_code == 200
    assert [_address(row) for row in Sending.objects.order_by("device_id")] == [kept.token, None]
    again = make_notification(user)
    services.plan_sendings(notification_id=again.pk, channels=["push"])
    assert [row.device_id for row in Sending.objects.filter(notification=again)] == [kept.pk]


def test_a_user_has_twenty_devices_at_most_and_the_newest_stay(api: Any) -> None:
    user, other = make_doer(), make_push_token(make_doer())
    devices = [make_push_token(user) for _ in range(21)]
    assert set(PushToken.objects.filter(user=user)) == set(devices[1:])
    assert PushToken.objects.filter(pk=other.pk).exists()
