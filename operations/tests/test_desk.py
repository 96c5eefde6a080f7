"""The desk of support over `/api/messages`: who may, what each type shows, and what marks, blocks and removals do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator, make_user
from khidma.http.fields import milliseconds
from khidma.kernel.clock import now
from khidma.kernel.models import AuditRecord
from khidma.media.tests.factories import make_file
from khidma.tests.client import JsonClient
from messaging import services
from messaging.models import Message, SupportChat, SupportWait
from messaging.tests.factories import make_conversation, parties, say, unread

pytestmark = pytest.mark.django_db

Api = Callable[..., JsonClient]
DESK = "/api/messages"


@pytest.fixture
def support() -> User:
    return make_operator("support")


@pytest.fixture
def desk(api: Api, support: User) -> JsonClient:
    return api(support)


def ask(user: User, *texts: str) -> Message:
    """The user writes to support; the last of the messages."""
    conversation = services.open_support(user=user)
    for text in texts or ("Help!",):
        message = say(conversation, user, text)
    return message


def shown(desk: JsonClient, **query: Any) -> Any:
    answer = desk.get(DESK, {name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def facts() -> tuple[Any, ...]:
    """What a refused request must not change."""
    chats = SupportChat.objects.order_by("pk").values_list("read_sequence", "unread_count", "archived_at", "removed_at")
    return (
        Message.objects.count(),
        list(chats),
        AuditRecord.objects.count(),
        SupportWait.objects.filter(ended_at=None).count(),
    )


@pytest.mark.parametrize(
    ("who", "refused"),
    [("nobody", 401), ("client", 403), ("finance", 403), ("trust", 403), ("support", 0), ("administrator", 0)],
)
def test_who_may_do_what_at_the_desk(api: Api, who: str, refused: int) -> None:
    message = ask(make_client())
    people: dict[str, Callable[[], User | None]] = {"nobody": lambda: None, "client": make_client}
    caller = api(people[who]() if who in people else make_operator(who))
    talk, before = str(message.conversation_id), facts()
    calls: list[tuple[Callable[[], Any], int]] = [
        (lambda: caller.get(DESK), 200),
        (lambda: caller.get(DESK, {"type": "messages"}), 200),
        (lambda: caller.get(DESK, {"type": "stats"}), 200),
        (lambda: caller.post(DESK, {"conversationId": talk, "content": "Hello"}), 201),
        (lambda: caller.patch(DESK, {"messageId": str(message.pk), "status": "unread"}), 200),
        (lambda: caller.patch(DESK, {"contactId": talk, "status": "archived"}), 200),
        (lambda: caller.delete(f"{DESK}?messageId={message.pk}"), 204),
        (lambda: caller.delete(f"{DESK}?conversationId={talk}"), 204),
    ]
    for call, allowed in calls:
        answer = call()
        assert answer.status_code == (refused or allowed), answer.content
    assert (facts() == before) is bool(refused)


def test_contacts_are_those_who_wrote_the_last_one_first(desk: JsonClient) -> None:
    client, doer = make_client(name="Asha Rao"), make_doer(name="Ravi Kumar")
    ask(client, "Where is my money?", "Hello?")
    last = ask(doer, "How do I withdraw?")
    services.open_support(user=make_client())
    first, second = shown(desk)
    assert first == {
        "id": str(doer.pk),
        "name": "Ravi Kumar",
        "phone": doer.phone,
        "role": "provider",
        "avatar": None,
        "lastMessage": "How do I withdraw?",
        "lastMessageTime": milliseconds(last.created_at),
        "unreadCount": 1,
        "status": "active",
        "conversationId": str(doer.pk),
    }
    assert (second["id"], second["role"], second["unreadCount"]) == (str(client.pk), "client", 2)


def test_contacts_are_searched_and_filtered(desk: JsonClient, support: User) -> None:
    client, doer, newcomer = make_client(name="Asha Rao"), make_doer(name="Ravi Kumar"), make_user()
    for user in (client, doer, newcomer):
        ask(user)
    desk.patch(DESK, {"contactId": str(client.pk), "status": "blocked"})

    def ids(**query: Any) -> set[str]:
        return {contact["id"] for contact in shown(desk, type="contacts", **query)}

    assert ids(search="asha") == {str(client.pk)}
    assert ids(search=str(doer.phone)[-8:]) == {str(doer.pk)}
    assert ids(search="100%") == set()
    assert ids(role="provider") == {str(doer.pk)}
    assert ids(role="client") == {str(client.pk)}
    assert ids(status="blocked") == {str(client.pk)}
    assert ids(status="active") == {str(doer.pk), str(newcomer.pk)}
    assert ids(status="archived") == set()
    assert ids(search="asha", role="provider") == set()
    assert ids() == {str(client.pk), str(doer.pk), str(newcomer.pk)}


def test_messages_tell_who_said_what_to_whom(desk: JsonClient, support: User) -> None:
    client = make_client(name="Asha Rao")
    question = ask(client, "Where is my money?")
    answer = services.answer_as_support(conversation=question.conversation, operator=support, text="On its way.")
    newest, oldest = shown(desk, type="messages")
    assert oldest == {
        "id": str(question.pk),
        "conversationId": str(client.pk),
        "senderId": str(client.pk),
        "senderName": "Asha Rao",
        "senderType": "client",
        "content": "Where is my money?",
        "type": "text",
        "timestamp": milliseconds(question.created_at),
        "status": "read",
        "attachments": [],
        "location": None,
        "contact": None,
        "metadata": {"sequence": 1, "flagged": False},
    }
    assert (newest["id"], newest["senderType"], newest["senderName"]) == (str(answer.pk), "operator", support.name)
    assert newest["status"] == "sent"
    services.mark_read(conversation=question.conversation, reader=client, message=answer)
    assert shown(desk, type="messages")[0]["status"] == "read"


def test_messages_are_searched_and_filtered(desk: JsonClient, support: User) -> None:
    client, doer = make_client(), make_doer()
    first, other = ask(client, "Where is my money?", "Hello?"), ask(doer, "How do I withdraw money?")
    services.answer_as_support(conversation=first.conversation, operator=support, text="On its way.")
    services.post_system_message(conversation=first.conversation, text="Nobody has answered yet.")
    between = make_conversation()
    say(between, parties(between)[0], "money between users")

    def texts(**query: Any) -> list[str]:
        return [message["content"] for message in shown(desk, type="messages", **query)]

    assert len(texts()) == 4
    assert texts(search="MONEY") == ["How do I withdraw money?", "Where is my money?"]
    assert texts(role="provider") == ["How do I withdraw money?"]
    assert texts(status="unread") == ["How do I withdraw money?"]
    assert texts(status="sent") == ["On its way."]
    assert texts(status="read") == ["Hello?", "Where is my money?"]
    talk = texts(conversationId=first.conversation_id)
    assert talk == ["Nobody has answered yet.", "On its way.", "Hello?", "Where is my money?"]
    assert other.text not in talk
    for foreign in (between.pk, uuid4()):
        assert desk.get(DESK, {"type": "messages", "conversationId": str(foreign)}).status_code == 404


def test_figures_of_an_empty_desk_are_nought_or_unknown(desk: JsonClient) -> None:
    assert shown(desk, type="stats") == {
        "totalContacts": 0,
        "activeConversations": 0,
        "unreadMessages": 0,
        "responseRate": None,
        "avgResponseTime": None,
        "messagesSentToday": 0,
        "messagesReceivedToday": 0,
        "clientMessages": 0,
        "providerMessages": 0,
    }


def test_figures_are_counted_from_what_happened(desk: JsonClient, support: User) -> None:
    client, doer, silent = make_client(), make_doer(), make_client()
    question = ask(client, "One", "Two")
    ask(doer, "Three")
    old = ask(silent, "Four")
    Message.objects.filter(pk=old.pk).update(created_at=now() - timedelta(days=8))
    SupportChat.objects.filter(user=silent).update(last_message_at=now() - timedelta(days=8))
    SupportWait.objects.filter(chat__user=silent).update(since=now() - timedelta(days=8))
    SupportWait.objects.filter(chat__user=client).update(since=now() - timedelta(minutes=30))
    services.answer_as_support(conversation=question.conversation, operator=support, text="Here I am.")
    figures = shown(desk, type="stats")
    assert 29.9 <= figures.pop("avgResponseTime") <= 30.2
    assert figures == {
        "totalContacts": 3,
        "activeConversations": 2,
        "unreadMessages": 2,
        "responseRate": 50.0,
        "messagesSentToday": 1,
        "messagesReceivedToday": 3,
        "clientMessages": 2,
        "providerMessages": 1,
    }


def test_an_answer_over_the_api_reaches_the_user_as_support(api: Api, desk: JsonClient, support: User) -> None:
    client = make_client()
    question = ask(client)
    answer = desk.post(
        DESK, {"conversationId": str(client.pk), "content": " Hello \n", "type": "text", "attachments": []}
    )
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert (data["content"], data["senderId"], data["senderType"]) == (" Hello \n", str(support.pk), "operator")
    (heard, *_rest) = api(client).get("/api/web-chat/messages").json()["data"]
    assert (heard["text"], heard["senderId"]) == (" Hello \n", None)
    assert unread(question.conversation, client) == 1
    assert SupportWait.objects.get().ended_by == support


def test_files_of_either_side_are_shown_at_the_desk(api: Api, desk: JsonClient, support: User) -> None:
    client = make_client()
    screenshot, form = make_file(client, "image"), make_file(support)
    api(client).post("/api/web-chat/messages", {"attachments": [str(screenshot.pk)]})
    body = {"conversationId": str(client.pk), "content": "Fill this in.", "attachments": [str(form.pk)]}
    answered = desk.post(DESK, body).json()["data"]
    newest, oldest = shown(desk, type="messages")
    marked = desk.patch(DESK, {"messageId": oldest["id"], "status": "unread"}).json()["data"]
    for message, file in [(answered, form), (newest, form), (oldest, screenshot), (marked, screenshot)]:
        (attachment,) = message["attachments"]
        assert (attachment["id"], attachment["kind"]) == (str(file.pk), file.kind)
        assert attachment["url"]


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"content": ""}, 400, "content"),
        ({"content": "   "}, 400, "content"),
        ({"content": "x" * 4_001}, 400, "content"),
        ({"type": "image"}, 400, "type"),
        ({"type": "system"}, 400, "type"),
        ({"attachments": [str(uuid4())]}, 400, "attachments"),
        ({"attachments": "x"}, 400, "attachments"),
        ({"conversationId": "x"}, 400, "conversationId"),
        ({"senderId": str(uuid4())}, 400, "senderId"),
        ({"conversationId": str(uuid4())}, 404, ""),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(desk: JsonClient, change: Any, status: int, field: str) -> None:
    client = make_client()
    ask(client)
    before = facts()
    answer = desk.post(DESK, {"conversationId": str(client.pk), "content": "Hello", **change})
    assert answer.status_code == status
    assert list(answer.json()["error"]["details"]) == ([field] if field else [])
    assert facts() == before


def test_support_does_not_write_into_the_talk_of_others(desk: JsonClient) -> None:
    conversation = make_conversation()
    message = say(conversation, parties(conversation)[0])
    before = facts()
    answers = [
        desk.post(DESK, {"conversationId": str(conversation.pk), "content": "Hello"}),
        desk.patch(DESK, {"messageId": str(message.pk), "status": "read"}),
        desk.patch(DESK, {"contactId": str(conversation.pk), "status": "archived"}),
        desk.delete(f"{DESK}?messageId={message.pk}"),
        desk.delete(f"{DESK}?conversationId={conversation.pk}"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert facts() == before


def test_messages_are_marked_and_contacts_put_away(api: Api, desk: JsonClient) -> None:
    client = make_client()
    first, last = ask(client, "One"), ask(client, "Two")
    data = desk.patch(DESK, {"messageId": str(last.pk), "status": "read"}).json()["data"]
    assert (data["id"], data["status"]) == (str(last.pk), "read")
    assert shown(desk)[0]["unreadCount"] == 0
    assert desk.patch(DESK, {"messageId": str(first.pk), "status": "unread"}).json()["data"]["status"] == "unread"
    assert shown(desk)[0]["unreadCount"] == 2
    for status in ("archived", "blocked", "active"):
        contact = desk.patch(DESK, {"contactId": str(client.pk), "status": status}).json()["data"]
        assert (contact["id"], contact["status"]) == (str(client.pk), status)
    assert AuditRecord.objects.filter(action="support.standing", target_id=str(client.pk)).count() == 3
    desk.patch(DESK, {"contactId": str(client.pk), "status": "blocked"})
    assert api(client).post("/api/web-chat/messages", {"text": "Hello"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "read"}, "messageId"),
        ({"status": "read", "messageId": str(uuid4()), "contactId": str(uuid4())}, "messageId"),
        ({"messageId": str(uuid4())}, "status"),
        ({"status": "archived", "messageId": str(uuid4())}, "status"),
        ({"status": "read", "contactId": str(uuid4())}, "status"),
        ({"status": "deleted", "contactId": str(uuid4())}, "status"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(desk: JsonClient, body: Any, field: str) -> None:
    answer = desk.patch(DESK, body)
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [field])


def test_what_is_removed_is_out_of_view_on_record_and_not_lost(api: Api, desk: JsonClient, support: User) -> None:
    client = make_client()
    first, last = ask(client, "One"), ask(client, "Two")
    assert desk.delete(f"{DESK}?messageId={last.pk}").status_code == 204
    assert [message["content"] for message in shown(desk, type="messages")] == ["One"]
    assert (shown(desk)[0]["lastMessage"], shown(desk)[0]["unreadCount"]) == (None, 1)
    assert desk.delete(f"{DESK}?conversationId={client.pk}").status_code == 204
    assert shown(desk) == shown(desk, type="messages") == []
    again = [desk.delete(f"{DESK}?messageId={last.pk}"), desk.delete(f"{DESK}?conversationId={client.pk}")]
    assert [answer.status_code for answer in again] == [404, 404]
    assert len(api(client).get("/api/web-chat/messages").json()["data"]) == 2
    acts = AuditRecord.objects.filter(actor_id=support.pk).order_by("id").values_list("action", flat=True)
    assert list(acts) == ["support.remove_message", "support.remove_conversation"]
    ask(client, "Three")
    assert [message["content"] for message in shown(desk, type="messages")] == ["Three", "One"]
    assert first.text == "One"


TWO_THINGS = "?messageId=01a22400-0000-7000-8000-000000000001&conversationId=01a22400-0000-7000-8000-000000000002"


@pytest.mark.parametrize("query", ["", "?messageId=x", TWO_THINGS])
def test_a_removal_of_nothing_or_of_two_things_is_refused(desk: JsonClient, query: str) -> None:
    answer = desk.delete(DESK + query)
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["messageId"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"type": "files"}, "type"),
        ({"search": "x"}, "search"),
        ({"role": "admin"}, "role"),
        ({"status": "read"}, "status"),
        ({"type": "messages", "status": "archived"}, "status"),
        ({"type": "stats", "status": "active"}, "status"),
        ({"type": "messages", "conversationId": "x"}, "conversationId"),
        ({"limit": "101"}, "limit"),
        ({"page": "0"}, "page"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(desk: JsonClient, query: dict[str, str], field: str) -> None:
    answer = desk.get(DESK, query)
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [field])


def test_lists_come_page_by_page(desk: JsonClient) -> None:
    for _ in range(3):
        ask(make_client())
    for kind in ("contacts", "messages"):
        answer = desk.get(DESK, {"type": kind, "limit": "2", "page": "2"}).json()
        assert (len(answer["data"]), answer["pagination"]["total"], answer["pagination"]["hasNext"]) == (1, 3, False)
    assert "pagination" not in desk.get(DESK, {"type": "stats"}).json()


@pytest.mark.parametrize(("kind", "most"), [("contacts", 4), ("messages", 4), ("stats", 10)])
def test_the_desk_costs_the_same_for_one_as_for_many(desk: JsonClient, support: User, kind: str, most: int) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(DESK, {"type": kind}).status_code == 200
        return len(captured)

    ask(make_client())
    for_one = queries()
    for _ in range(4):
        question = ask(make_doer(), "One", "Two")
        file = make_file(support).pk
        services.answer_as_support(
            conversation=question.conversation, operator=support, text="Hello", attachments=[file]
        )
    assert queries() == for_one
    assert for_one <= most


def test_the_document_names_every_shape_of_the_desk(api: Api) -> None:
    document = api().get("/api/schema").json()
    operation = document["paths"]["/api/messages"]["get"]
    envelope = operation["responses"]["200"]["content"]["application/json"]["schema"]
    kinds = [shape.get("type", "object") for shape in envelope["properties"]["data"]["oneOf"]]
    assert kinds == ["array", "array", "object"]
    assert "pagination" in envelope["properties"]
    assert "pagination" not in envelope["required"]
    parameters = {parameter["name"] for parameter in operation["parameters"]}
    assert parameters == {"type", "search", "role", "status", "conversationId", "page", "limit"}
