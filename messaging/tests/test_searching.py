"""Search in what was said: in the caller's own conversations only, as written, in few queries, by the index."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from khidma.tests.client import JsonClient
from messaging import selectors, services
from messaging.models import Conversation, Message
from messaging.tests.factories import make_conversation, parties, say

pytestmark = pytest.mark.django_db

Api = Callable[..., JsonClient]


@pytest.fixture
def client() -> User:
    return make_client()


@pytest.fixture
def conversation(client: User) -> Conversation:
    """A talk about three things."""
    conversation = make_conversation(client=client)
    for text in ("The INVOICE is missing", "Which one? 100% of them", "नमस्ते, चालान कहाँ है", "the invoice of May"):
        say(conversation, parties(conversation)[1], text)
    return conversation


def found(client: JsonClient, conversation: Conversation, search: str) -> list[int]:
    """The numbers of the messages that the search gives."""
    answer = client.get(f"/api/conversations/{conversation.pk}/messages", {"search": search})
    assert answer.status_code == 200
    return [message["sequence"] for message in answer.json()["data"]]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("invoice", [4, 1]),
        ("VOIC", [4, 1]),
        ("invoice of", [4]),
        ("चालान", [3]),
        ("100%", [2]),
        ("%%", []),
        ("__", []),
        ("\\", None),
        ("nothing like it", []),
    ],
)
def test_messages_are_found_by_what_stands_in_them(
    api: Api, client: User, conversation: Conversation, search: str, expected: list[int] | None
) -> None:
    if expected is None:
        answer = api(client).get(f"/api/conversations/{conversation.pk}/messages", {"search": search})
        assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["search"])
    else:
        assert found(api(client), conversation, search) == expected


def test_conversations_are_found_by_what_was_said_in_them(api: Api, client: User, conversation: Conversation) -> None:
    other = make_conversation(client=client)
    say(other, client, "Something else")

    def listed(search: str) -> list[str]:
        answer = api(client).get("/api/conversations", {"search": search})
        return [one["id"] for one in answer.json()["data"]]

    assert listed("invoice") == [str(conversation.pk)]
    assert listed("else") == [str(other.pk)]
    assert listed("") == [str(other.pk), str(conversation.pk)]


def test_nobody_finds_what_others_said(api: Api, client: User, conversation: Conversation) -> None:
    stranger = make_doer()
    assert api(stranger).get("/api/conversations", {"search": "invoice"}).json()["data"] == []
    answer = api(stranger).get(f"/api/conversations/{conversation.pk}/messages", {"search": "invoice"})
    assert answer.status_code == 404
    assert api().get("/api/conversations", {"search": "invoice"}).status_code == 401


def test_what_was_masked_is_found_by_nobody(api: Api, client: User, conversation: Conversation) -> None:
    doer = parties(conversation)[1]
    say(conversation, doer, "Call 98765 43210 soon")
    for reader in (client, doer):
        assert found(api(reader), conversation, "43210") == []
        assert api(reader).get("/api/conversations", {"search": "43210"}).json()["data"] == []
        assert found(api(reader), conversation, "soon") == [5]


def test_the_chat_with_support_is_searched_too(api: Api, client: User) -> None:
    say(services.open_support(user=client), client, "Where is the invoice?")
    for search, count in (("invoice", 1), ("refund", 0)):
        assert len(api(client).get("/api/web-chat/messages", {"search": search}).json()["data"]) == count


@pytest.mark.parametrize("search", ["x", "x" * 101, "\x00\x00"])
def test_a_search_that_makes_no_sense_is_refused(api: Api, client: User, search: str) -> None:
    answer = api(client).get("/api/conversations", {"search": search})
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["search"])


def test_a_search_costs_the_same_for_one_hit_as_for_many(api: Api, client: User, conversation: Conversation) -> None:
    addresses = ["/api/conversations", f"/api/conversations/{conversation.pk}/messages"]

    def queries(address: str) -> int:
        caller = api(client)
        with CaptureQueriesContext(connection) as captured:
            assert caller.get(address, {"search": "invoice"}).status_code == 200
        return len(captured)

    for_few = [queries(address) for address in addresses]
    for _ in range(4):
        say(conversation, client, "another invoice")
        say(make_conversation(client=client), client, "and an invoice")
    assert [queries(address) for address in addresses] == for_few
    assert max(for_few) <= 8


def test_an_index_finds_the_words(client: User, conversation: Conversation) -> None:
    def plan(rows: Any) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        return str(rows.explain())

    assert "messaging_message_words" in plan(Message.objects.filter(text__icontains="invoice"))
    assert "Seq Scan on messaging_message" not in plan(selectors.list_messages(conversation, search="invoice"))
    assert "Seq Scan on messaging_message" not in plan(selectors.list_conversations_for(client, search="invoice"))
