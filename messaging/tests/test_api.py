"""Conversations and messages over HTTP: who may, what comes back, in how many queries."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.services import suspend_user
from accounts.tests.factories import make_client, make_doer, make_operator
from khidma.http.fields import milliseconds
from khidma.kernel.clock import now
from khidma.media.tests import samples
from khidma.realtime.models import StreamEvent
from khidma.tests.client import JsonClient
from messaging import services
from messaging.models import Conversation, Message, Participant
from messaging.tests.factories import make_conversation, parties, say, unread
from orders.models import Order
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

Api = Callable[..., JsonClient]


@pytest.fixture
def order() -> Order:
    """An order whose parties have said one thing each."""
    order = make_order()
    conversation = services.open_for_order(order=order)
    say(conversation, order.client, "Hello")
    say(conversation, order.doer, "Namaste")
    return order


def callers(order: Order) -> dict[str, User | None]:
    """Everybody who may knock."""
    return {
        "anonymous": None,
        "stranger": make_client(),
        "client": order.client,
        "doer": order.doer,
        "operator": make_operator("support"),
    }


def addresses(order: Order) -> list[tuple[str, str, Any, int]]:
    """Every operation on one conversation: method, address, body, and what a party gets."""
    conversation = f"/api/conversations/{order.conversation_id}"
    last = Message.objects.filter(conversation_id=order.conversation_id).latest("sequence")
    return [
        ("get", conversation, None, 200),
        ("get", f"/api/conversations/by-order/{order.pk}", None, 200),
        ("get", f"/api/conversations/by-application/{order.application_id}", None, 200),
        ("get", f"{conversation}/messages", None, 200),
        ("post", f"{conversation}/messages", {"text": "Let us begin"}, 201),
        ("post", f"{conversation}/read", {"messageId": str(last.pk)}, 200),
    ]


def call(client: JsonClient, method: str, address: str, body: Any) -> Any:
    return client.get(address) if method == "get" else client.post(address, body)


def facts() -> tuple[int, int, int, int]:
    """What a refused request must not change."""
    reads = sum(Participant.objects.values_list("last_read_sequence", flat=True))
    return Conversation.objects.count(), Message.objects.count(), reads, StreamEvent.objects.count()


@pytest.mark.parametrize("who", ["anonymous", "stranger", "client", "doer", "operator"])
def test_who_may_do_what_with_a_conversation(api: Api, order: Order, who: str) -> None:
    user = callers(order)[who]
    for method, address, body, for_parties in addresses(order):
        before = facts()
        answer = call(api(user), method, address, body)
        expected = {"anonymous": 401, "client": for_parties, "doer": for_parties}.get(who, 404)
        assert answer.status_code == expected, (address, answer.content)
        if expected in (401, 404):
            assert facts() == before
            assert answer.json()["error"]["code"] == {401: "not_authenticated", 404: "not_found"}[expected]


@pytest.mark.parametrize(
    ("who", "expected"), [("anonymous", 401), ("stranger", 0), ("client", 1), ("doer", 1), ("operator", 0)]
)
def test_everybody_lists_their_own_conversations(api: Api, order: Order, who: str, expected: int) -> None:
    answer = api(callers(order)[who]).get("/api/conversations")
    if who == "anonymous":
        assert answer.status_code == 401
    else:
        assert answer.status_code == 200
        assert len(answer.json()["data"]) == expected


def test_a_conversation_shows_its_parties_last_message_and_what_is_unread(api: Api, order: Order) -> None:
    data = api(order.client).get(f"/api/conversations/by-order/{order.pk}").json()["data"]
    assert (data["id"], data["kind"]) == (str(order.conversation_id), "order")
    assert (data["orderId"], data["applicationId"]) == (str(order.pk), str(order.application_id))
    assert {party["id"] for party in data["parties"]} == {str(order.client_id), str(order.doer_id)}
    assert not [party for party in data["parties"] if "phone" in party or "email" in party]
    assert data["unreadCount"] == 1
    assert data["lastMessage"]["text"] == "Namaste"
    assert data["lastMessage"]["readBy"] == []
    by_application = api(order.client).get(f"/api/conversations/by-application/{order.application_id}").json()["data"]
    assert by_application == data


def test_the_first_touch_over_http_makes_the_conversation(api: Api) -> None:
    order = make_order()
    data = api(order.doer).get(f"/api/conversations/{order.conversation_id}").json()["data"]
    assert (data["kind"], data["lastMessage"], data["unreadCount"]) == ("order", None, 0)
    assert Conversation.objects.count() == 1


def test_messages_come_newest_first_page_by_page_without_gap(api: Api, order: Order) -> None:
    conversation = services.open_for_order(order=order)
    for number in range(3, 8):
        say(conversation, order.client, str(number))
    client = api(order.doer)
    address = f"/api/conversations/{conversation.pk}/messages"
    first = client.get(address, {"limit": "3"}).json()
    say(conversation, order.client, "8, while reading")
    rest = client.get(address, {"limit": "10", "cursor": first["pagination"]["nextCursor"]}).json()
    assert [message["sequence"] for message in first["data"] + rest["data"]] == [7, 6, 5, 4, 3, 2, 1]
    assert rest["pagination"]["nextCursor"] is None


def test_a_message_tells_who_has_read_it_and_when(api: Api, order: Order) -> None:
    conversation = services.open_for_order(order=order)
    first, second = conversation.messages.order_by("sequence")
    third = say(conversation, order.client, "Are you there?")
    early = services.mark_read(conversation=conversation, reader=order.doer, message=first)
    answer = api(order.doer).post(f"/api/conversations/{conversation.pk}/read", {"messageId": str(third.pk)})
    assert (answer.status_code, answer.json()["data"]["unreadCount"]) == (200, 0)
    shown = api(order.client).get(f"/api/conversations/{conversation.pk}/messages").json()["data"]
    read_by = {message["id"]: message["readBy"] for message in shown}
    assert [entry["userId"] for entry in read_by[str(first.pk)]] == [str(order.doer_id)]
    assert read_by[str(first.pk)][0]["readAt"] == milliseconds(early.at)
    assert read_by[str(second.pk)] == []
    assert read_by[str(third.pk)][0]["readAt"] >= read_by[str(first.pk)][0]["readAt"]
    detail = api(order.client).get(f"/api/conversations/{conversation.pk}").json()["data"]
    assert detail["lastMessage"] == shown[0]


def test_sending_answers_201_with_the_whole_message_and_only_once_per_id(api: Api, order: Order) -> None:
    address = f"/api/conversations/{order.conversation_id}/messages"
    body = {"text": "नमस्ते <b>", "clientMessageId": "m-1"}
    answer, again = api(order.doer).post(address, body), api(order.doer).post(address, body)
    assert (answer.status_code, again.status_code) == (201, 201)
    data = answer.json()["data"]
    assert data == again.json()["data"]
    assert abs(data.pop("createdAt") - now().timestamp() * 1000) < 60_000
    assert data == {
        "id": data["id"],
        "conversationId": str(order.conversation_id),
        "orderId": str(order.pk),
        "sequence": 3,
        "senderId": str(order.doer_id),
        "kind": "text",
        "text": "नमस्ते <b>",
        "attachments": [],
        "clientMessageId": "m-1",
        "readBy": [],
        "flagged": False,
        "warning": None,
    }
    assert Message.objects.count() == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "   "}, "text"),
        ({"text": 7}, "text"),
        ({"text": None}, "text"),
        ({"text": "x" * 4_001}, "text"),
        ({"text": "x", "kind": "system"}, "kind"),
        ({"text": "x", "attachments": [str(uuid4())]}, "attachments"),
        ({"text": "x", "attachments": ["x"]}, "attachments.0"),
        ({"text": "x", "clientMessageId": "x" * 101}, "clientMessageId"),
    ],
)
def test_a_message_that_makes_no_sense_is_refused(api: Api, order: Order, body: Any, field: str) -> None:
    before = facts()
    answer = api(order.doer).post(f"/api/conversations/{order.conversation_id}/messages", body)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]) == [field]
    assert facts() == before


def test_a_message_of_another_conversation_cannot_be_read_here(api: Api, order: Order) -> None:
    other = make_conversation()
    foreign = say(other, parties(other)[0])
    before = facts()
    for message_id in (foreign.pk, uuid4()):
        answer = api(order.doer).post(
            f"/api/conversations/{order.conversation_id}/read", {"messageId": str(message_id)}
        )
        assert answer.status_code == 404
    assert facts() == before


def test_a_suspended_user_reads_and_writes_to_support_only(api: Api, order: Order) -> None:
    suspend_user(user=order.doer, reason="Fraud")
    order.doer.refresh_from_db()
    client = api(order.doer)
    before = facts()
    refused = client.post(f"/api/conversations/{order.conversation_id}/messages", {"text": "Hello"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "account_suspended")
    assert facts() == before
    assert client.get(f"/api/conversations/{order.conversation_id}/messages").status_code == 200
    assert client.post("/api/web-chat/messages", {"text": "Why?"}).status_code == 201


def test_a_suspended_user_shows_support_a_file(api: Api, order: Order) -> None:
    suspend_user(user=order.doer, reason="Fraud")
    order.doer.refresh_from_db()
    support = services.open_support(user=order.doer)
    sender = api(order.doer)
    given = {"file": SimpleUploadedFile("screenshot.jpg", samples.image()), "kind": "image"}
    uploaded = Client().post("/api/media", given, headers={"authorization": f"Bearer {sender.token}"})
    assert uploaded.status_code == 201, uploaded.content
    body = {"attachments": [uploaded.json()["data"]["id"]]}
    refused = sender.post(f"/api/conversations/{order.conversation_id}/messages", body).json()["error"]
    assert (refused["code"], refused["details"]) == ("account_suspended", {"reason": "Fraud", "until": None})
    said = sender.post(f"/api/conversations/{support.pk}/messages", body)
    assert said.status_code == 201, said.content
    assert len(said.json()["data"]["attachments"]) == 1


def test_everybody_has_a_chat_with_support_of_their_own(api: Api) -> None:
    user, other = make_client(), make_doer()
    sent = api(user).post("/api/web-chat/messages", {"text": "Help!"})
    assert sent.status_code == 201
    assert [message["text"] for message in api(user).get("/api/web-chat/messages").json()["data"]] == ["Help!"]
    assert api(other).get("/api/web-chat/messages").json()["data"] == []
    assert api().get("/api/web-chat/messages").status_code == 401
    assert api(other).get(f"/api/conversations/{sent.json()['data']['conversationId']}").status_code == 404


def test_the_lists_cost_the_same_for_one_as_for_many(api: Api) -> None:
    client, doer = make_client(), make_doer()
    address = "/api/conversations"

    def queries(address: str) -> int:
        api_client = api(client)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            answer = api_client.get(address)
        assert answer.status_code == 200
        return len(captured)

    conversation = make_conversation(client=client, doer=doer)
    say(conversation, doer)
    lists = [address, f"{address}/{conversation.pk}/messages"]
    for_one = [queries(each) for each in lists]
    for _ in range(4):
        other = make_conversation(client=client)
        say(other, client)
        message = say(conversation, doer)
        services.mark_read(conversation=conversation, reader=client, message=message)
    assert [queries(each) for each in lists] == for_one
    assert max(for_one) <= 8
    assert unread(conversation, client) == 0


def test_whoever_has_no_socket_polls_the_same_events(api: Api, order: Order) -> None:
    client = api(order.client)
    here = client.get("/api/web-chat/poll").json()["data"]
    assert here["events"] == []
    assert client.get("/api/web-chat/poll", {"after": str(here["seq"])}).json()["data"] == here
    message = say(services.open_for_order(order=order), order.doer, "Are you there?")
    started = time.monotonic()
    news = client.get("/api/web-chat/poll", {"after": str(here["seq"]), "wait": "25"}).json()["data"]
    assert time.monotonic() - started < 5
    assert [(event["event"], event["seq"]) for event in news["events"]] == [("CHAT_MESSAGE", here["seq"] + 1)]
    assert news["events"][0]["data"]["messageId"] == str(message.pk)
    assert news["seq"] == here["seq"] + 1
    everything = client.get("/api/web-chat/poll", {"after": "0"}).json()["data"]
    assert [event["seq"] for event in everything["events"]] == list(range(1, news["seq"] + 1))
    ahead = client.get("/api/web-chat/poll", {"after": "999"}).json()["data"]
    assert [(event["event"], event["data"]) for event in ahead["events"]] == [("RESET", {"seq": news["seq"]})]


def test_polling_waits_as_long_as_asked_and_hears_nothing_of_others(api: Api, order: Order) -> None:
    stranger = make_client()
    started = time.monotonic()
    answer = api(stranger).get("/api/web-chat/poll", {"after": "0", "wait": "1"})
    assert 1 <= time.monotonic() - started < 5
    assert answer.json()["data"] == {"events": [], "seq": 0}
    assert api().get("/api/web-chat/poll", {"after": "0"}).status_code == 401
    for wrong in ({"after": "-1"}, {"after": "x"}, {"after": "0", "wait": "26"}, {"after": "0", "wait": "-1"}):
        assert api(stranger).get("/api/web-chat/poll", wrong).status_code == 400
