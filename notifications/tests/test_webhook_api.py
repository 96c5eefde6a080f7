"""Webhook subscriptions and deliveries over HTTP: who may, what comes back, what is refused, in how many queries."""

import ipaddress
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
from khidma.kernel.models import OutboxEvent
from khidma.kernel.runtime import change
from khidma.tests.client import JsonClient
from notifications.models import WebhookDelivery, WebhookSecret, WebhookSubscription
from notifications.providers.receivers import addresses
from notifications.runtime import WebhookSettings
from notifications.services import webhooks
from notifications.tests.factories import make_delivery, make_subscription, secret_of

pytestmark = pytest.mark.django_db

Api = Callable[..., JsonClient]

CALLERS = ["anonymous", "stranger", "operator", "owner"]
SUBSCRIPTIONS = "/api/webhooks/subscriptions"
BODY = {"url": "https://hooks.example.com/khidma?team=7", "events": ["order.funded", "gig.created"]}

# Method, address, body, and the answers to the four callers in this order.
WHO_MAY: list[tuple[str, str, Any, list[int]]] = [
    ("get", SUBSCRIPTIONS, None, [401, 200, 200, 200]),
    ("post", SUBSCRIPTIONS, BODY, [401, 201, 201, 201]),
    ("patch", SUBSCRIPTIONS + "/{subscription}", {"active": False}, [401, 404, 404, 200]),
    ("delete", SUBSCRIPTIONS + "/{subscription}", None, [401, 404, 404, 204]),
    ("post", SUBSCRIPTIONS + "/{subscription}/rotate-secret", None, [401, 404, 404, 200]),
    ("post", SUBSCRIPTIONS + "/{subscription}/test", None, [401, 404, 404, 202]),
    ("get", "/api/webhooks/deliveries", None, [401, 200, 200, 200]),
    ("post", "/api/webhooks/deliveries/{delivery}/redeliver", None, [401, 404, 404, 202]),
]


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names lead to, instead of asking the network; others have no address."""
    known: dict[str, list[str]] = {"hooks.example.com": ["93.184.215.14"]}

    def look_up(host: str, port: int) -> list[Any]:
        if host not in known:
            raise OSError("no such name")
        return [ipaddress.ip_address(address) for address in known[host]]

    monkeypatch.setattr(addresses, "look_up", look_up)
    return known


def rows() -> list[Any]:
    """Every subscription, secret and delivery."""
    tables = (WebhookSubscription, WebhookSecret, WebhookDelivery)
    return [list(model._default_manager.order_by("pk").values()) for model in tables]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("method", "path", "body", "expected"), WHO_MAY)
def test_who_may(api: Api, method: str, path: str, body: Any, expected: list[int], caller: str) -> None:
    owner = make_doer()
    subscription = make_subscription(owner)
    delivery = make_delivery(subscription)
    people: dict[str, Callable[[], User | None]] = {
        "anonymous": lambda: None,
        "stranger": make_client,
        "operator": lambda: make_operator("administrator"),
        "owner": lambda: owner,
    }
    client = api(people[caller]())
    before = rows()
    address = path.format(subscription=subscription.pk, delivery=delivery.pk)
    answer = client.get(address) if method == "get" else getattr(client, method)(address, body)
    status = expected[CALLERS.index(caller)]
    assert answer.status_code == status
    if status >= 400:
        assert rows() == before
    if method == "get" and caller in {"stranger", "operator"}:
        assert answer.json()["data"] == []


def test_a_subscription_shows_its_secret_once(api: Api) -> None:
    user = make_client()
    answer = api(user).post(SUBSCRIPTIONS, BODY)
    stored = WebhookSubscription.objects.get()
    made = answer.json()["data"]
    secret = made.pop("secret")
    shown = {
        "id": str(stored.pk),
        "url": BODY["url"],
        "events": ["gig.created", "order.funded"],
        "active": True,
        "createdAt": milliseconds(stored.created_at),
        "lastSuccessAt": None,
        "failureCount": 0,
    }
    assert made == shown
    assert len(secret) >= 38
    listed = api(user).get(SUBSCRIPTIONS)
    assert listed.json()["data"] == [shown]
    assert secret.encode() not in listed.content
    changed = api(user).patch(f"{SUBSCRIPTIONS}/{stored.pk}", {"active": False})
    assert changed.json()["data"] == {**shown, "active": False}
    rotated = api(user).post(f"{SUBSCRIPTIONS}/{stored.pk}/rotate-secret").json()["data"]
    assert rotated.pop("secret") != secret
    assert rotated == {**shown, "active": False}


def test_the_document_shows_the_secret_where_it_is_shown() -> None:
    schemas = document()["components"]["schemas"]
    assert "secret" not in schemas["Subscription"]["properties"]
    assert "secret" in schemas["NewSubscription"]["properties"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": None}, "url"),
        ({"url": 7}, "url"),
        ({"url": ""}, "url"),
        ({"url": "hooks.example.com"}, "url"),
        ({"url": "http://hooks.example.com/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://localhost/"}, "url"),
        ({"url": "https://user:pass@hooks.example.com/"}, "url"),
        ({"url": "https://hooks.example.com:22/"}, "url"),
        ({"url": "https://hooks.example.com:70000/"}, "url"),
        ({"url": "https://hooks.example.com/#part"}, "url"),
        ({"url": "https://hooks.example.com/" + "x" * 2000}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"events": []}, "events"),
        ({"events": "order.funded"}, "events"),
        ({"events": ["order.eaten"]}, "events.0"),
        ({"events": ["webhook.test"]}, "events.0"),
        ({"events": ["order.funded", "order.funded"]}, "events"),
        ({"active": "yes"}, "active"),
        ({"secret": "whsec_bWluZQ=="}, "secret"),
        ({"userId": str(new_id())}, "userId"),
    ],
)
@pytest.mark.parametrize("method", ["post", "patch"])
def test_bad_input_is_refused_by_name_and_changes_nothing(
    api: Api, method: str, change: dict[str, Any], field: str
) -> None:
    user = make_client()
    subscription = make_subscription(user)
    before = rows()
    if method == "post":
        answer = api(user).post(SUBSCRIPTIONS, {**BODY, **change})
    else:
        answer = api(user).patch(f"{SUBSCRIPTIONS}/{subscription.pk}", change)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "validation_error"
    assert list(answer.json()["error"]["details"]) == [field]
    assert rows() == before


@pytest.mark.parametrize("body", [[], "text", None, 7, {"url": {"a": 1}}, {"events": [[]]}])
def test_bodies_of_another_shape_are_refused(api: Api, body: Any) -> None:
    assert api(make_client()).post(SUBSCRIPTIONS, body).status_code == 400


def test_a_name_that_leads_inside_is_refused_and_one_that_leads_nowhere_is_not_yet(
    api: Api, names: dict[str, list[str]]
) -> None:
    client = api(make_client())
    names["inside.example.com"] = ["93.184.215.14", "10.0.0.7"]
    answer = client.post(SUBSCRIPTIONS, {**BODY, "url": "https://inside.example.com/"})
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["url"])
    assert client.post(SUBSCRIPTIONS, {**BODY, "url": "https://unknown.example.com/"}).status_code == 201
    made = client.post(SUBSCRIPTIONS, BODY).json()["data"]["id"]
    assert client.patch(f"{SUBSCRIPTIONS}/{made}", {"url": "https://inside.example.com/"}).status_code == 400
    assert WebhookSubscription.objects.get(pk=made).url == BODY["url"]


def test_a_user_has_only_so_many(api: Api) -> None:
    change(WebhookSettings, {"subscriptions_per_user": 2})
    user = make_client()
    client = api(user)
    made = [client.post(SUBSCRIPTIONS, BODY).json()["data"]["id"] for _ in range(2)]
    refused = client.post(SUBSCRIPTIONS, BODY)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "too_many_subscriptions")
    assert WebhookSubscription.objects.filter(user=user).count() == 2
    assert client.delete(f"{SUBSCRIPTIONS}/{made[0]}").status_code == 204
    assert client.post(SUBSCRIPTIONS, BODY).status_code == 201


def test_the_same_key_makes_one_subscription_with_one_secret(api: Api) -> None:
    client = api(make_client())
    answers = [client.post(SUBSCRIPTIONS, BODY, key="once").json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert WebhookSubscription.objects.count() == 1


def test_a_test_event_is_on_its_way_and_in_the_log(api: Api) -> None:
    user = make_client()
    subscription = make_subscription(user)
    answer = api(user).post(f"{SUBSCRIPTIONS}/{subscription.pk}/test")
    stored = WebhookDelivery.objects.get()
    shown = {
        "id": str(stored.pk),
        "subscriptionId": str(subscription.pk),
        "eventType": "webhook.test",
        "status": "pending",
        "attempts": 0,
        "responseStatus": None,
        "responseMs": None,
        "nextAttemptAt": milliseconds(stored.due_at),
        "createdAt": milliseconds(stored.created_at),
    }
    assert (answer.status_code, answer.json()["data"]) == (202, shown)
    assert api(user).get("/api/webhooks/deliveries").json()["data"] == [shown]


def test_nothing_is_sent_to_a_paused_one(api: Api) -> None:
    user = make_client()
    subscription = make_subscription(user)
    delivery = make_delivery(subscription)
    webhooks.change_subscription(subscription=subscription, changes={"active": False})
    before = rows()
    for path in (f"subscriptions/{subscription.pk}/test", f"deliveries/{delivery.pk}/redeliver"):
        answer = api(user).post(f"/api/webhooks/{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "subscription_not_active")
    assert rows() == before
    assert not OutboxEvent.objects.filter(name__startswith="notifications").exists()


def test_the_log_is_a_feed_without_gaps_while_it_grows(api: Api) -> None:
    user = make_client()
    subscription, other = make_subscription(user), make_subscription(user)
    sent = [str(make_delivery(subscription).pk) for _ in range(5)]
    client = api(user)
    first = client.get("/api/webhooks/deliveries", {"limit": "2"}).json()
    newer = str(make_delivery(other).pk)
    second = client.get("/api/webhooks/deliveries", {"limit": "3", "cursor": first["pagination"]["nextCursor"]}).json()
    assert [row["id"] for page in (first, second) for row in page["data"]] == sent[::-1]
    assert second["pagination"]["nextCursor"] is None
    of_one = client.get("/api/webhooks/deliveries", {"subscriptionId": str(other.pk)}).json()
    assert [row["id"] for row in of_one["data"]] == [newer]
    of_a_stranger = client.get("/api/webhooks/deliveries", {"subscriptionId": str(make_subscription(make_doer()).pk)})
    assert of_a_stranger.json()["data"] == []


@pytest.mark.parametrize("query", [{"subscriptionId": "tea"}, {"cursor": "tea"}, {"limit": "0"}])
def test_a_wrong_question_is_refused_by_name(api: Api, query: dict[str, str]) -> None:
    answer = api(make_client()).get("/api/webhooks/deliveries", query)
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, list(query))


def test_long_lists_take_no_more_queries_than_short_ones(api: Api) -> None:
    user = make_client()
    client = api(user)
    counted: dict[str, list[tuple[int, int]]] = {SUBSCRIPTIONS: [], "/api/webhooks/deliveries": []}
    for more in (2, 6):
        for _ in range(more):
            make_delivery(make_subscription(user))
        for path, found in counted.items():
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(path, {"limit": "50"})
            found.append((len(answer.json()["data"]), len(queries)))
    for found in counted.values():
        assert [rows for rows, _ in found] == [2, 8]
        assert found[0][1] == found[1][1] <= 5


def test_what_does_not_exist_is_not_found(api: Api) -> None:
    client = api(make_client())
    for path in (f"subscriptions/{new_id()}/test", f"subscriptions/{new_id()}/rotate-secret"):
        assert client.post(f"/api/webhooks/{path}").status_code == 404
    assert client.post(f"/api/webhooks/deliveries/{new_id()}/redeliver").status_code == 404
    assert client.patch(f"{SUBSCRIPTIONS}/{new_id()}", {"url": "https://127.0.0.1/"}).status_code == 404
    assert client.delete(f"{SUBSCRIPTIONS}/tea").status_code == 404


def test_deleting_one_forgets_its_log_and_secret(api: Api) -> None:
    user = make_client()
    subscription = make_subscription(user)
    make_delivery(subscription)
    assert secret_of(subscription)
    assert api(user).delete(f"{SUBSCRIPTIONS}/{subscription.pk}").status_code == 204
    assert rows() == [[], [], []]
