"""Operators look into conversations on one page of the admin: who may, what shows, and that each look is on record."""

import re
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import make_client, make_operator
from khidma.kernel.errors import Forbidden
from khidma.kernel.models import AuditRecord
from khidma.media.models import File
from khidma.media.states import FileStatus
from khidma.media.tests.factories import make_file
from messaging import services
from messaging.models import Conversation, Message, Original, SupportWait
from messaging.tests.factories import make_conversation, parties, say

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    """The user's browser, logged in to the admin."""
    client = Client()
    client.force_login(user)
    return client


def page(conversation: Conversation) -> str:
    return f"/admin/messaging/conversation/{conversation.pk}/talk/"


@pytest.fixture
def between_users() -> Conversation:
    conversation = make_conversation()
    say(conversation, parties(conversation)[1], "Call 98765 43210 <b>")
    return conversation


@pytest.fixture
def with_support() -> Conversation:
    user = make_client()
    conversation = services.open_support(user=user)
    say(conversation, user, "Where is my money?")
    return conversation


def looks() -> list[tuple[str, str]]:
    """Who looked into which conversation."""
    rows = AuditRecord.objects.filter(action="conversation.look").order_by("id")
    return [(str(row.actor_id), row.target_id) for row in rows]


@pytest.mark.parametrize(
    ("group", "of_users", "of_support"),
    [("trust", 200, 403), ("support", 403, 200), ("administrator", 200, 200), ("finance", 403, 403), ("", 302, 302)],
)
def test_who_may_look_into_which_conversation(
    between_users: Conversation, with_support: Conversation, group: str, of_users: int, of_support: int
) -> None:
    visitor = make_operator(group) if group else make_client()
    expected = []
    for conversation, status in ((between_users, of_users), (with_support, of_support)):
        answer = browser(visitor).get(page(conversation))
        assert answer.status_code == status, (group, conversation.kind)
        secret = b"98765" if conversation == between_users else b"Where is my money?"
        assert (secret in answer.content) is (status == 200)
        expected += [(str(visitor.pk), str(conversation.pk))] if status == 200 else []
    assert looks() == expected


def test_the_service_itself_refuses_who_may_not(between_users: Conversation) -> None:
    for stranger in (make_operator("support"), make_client()):
        with pytest.raises(Forbidden):
            services.look_into(conversation=between_users, operator=stranger)
    assert looks() == []


def test_each_look_is_on_record_with_what_was_seen(between_users: Conversation) -> None:
    operator = make_operator("trust")
    for _ in range(2):
        browser(operator).get(page(between_users), headers={"X-Request-ID": "look-1"})
    assert looks() == [(str(operator.pk), str(between_users.pk))] * 2
    record = AuditRecord.objects.filter(action="conversation.look").latest("id")
    assert (record.after, record.address) == ({"from": 1, "to": 1}, "127.0.0.1")


def test_the_page_shows_what_was_written_and_nothing_as_html(between_users: Conversation) -> None:
    content = browser(make_operator("trust")).get(page(between_users)).content.decode()
    assert "Call •••• &lt;b&gt;" in content
    assert "Call 98765 43210 &lt;b&gt;" in content
    assert "<textarea" not in content


def test_what_was_written_shows_nowhere_else_in_the_admin(between_users: Conversation) -> None:
    client = browser(make_operator("administrator"))
    message, original = Message.objects.get(), Original.objects.get()
    for address in (
        f"/admin/messaging/message/{message.pk}/change/",
        "/admin/messaging/message/",
        f"/admin/messaging/original/{original.pk}/change/",
        "/admin/messaging/original/",
        f"/admin/messaging/conversation/{between_users.pk}/change/",
    ):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "43210" not in answer.content.decode()
        assert "Call" not in answer.content.decode()


def test_files_are_shown_with_the_words_and_can_be_opened(between_users: Conversation) -> None:
    writer = parties(between_users)[1]
    ready, checked = make_file(writer), make_file(writer, name="not-yet.pdf")
    services.send_message(conversation=between_users, sender=writer, text="Look", attachments=[ready.pk, checked.pk])
    File.objects.filter(pk=checked.pk).update(status=FileStatus.INFECTED)
    shown = browser(make_operator("trust")).get(page(between_users)).content.decode()
    address = re.search(rf'href="[^"]*(/api/media/{ready.pk}/content[^"]*)"', shown)
    assert address is not None
    assert Client().get(unescape(address[1])).getvalue().startswith(b"%PDF")
    assert "not-yet.pdf" in shown
    assert str(checked.pk) not in shown


def test_long_talks_are_shown_part_by_part(between_users: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.services.looking.SHOWN", 2)
    for number in (2, 3):
        say(between_users, parties(between_users)[0], f"number {number}")
    client = browser(make_operator("trust"))
    newest = client.get(page(between_users)).content.decode()
    assert "number 3" in newest
    assert "number 2" in newest
    assert "?before=2" in newest
    oldest = client.get(page(between_users) + "?before=2").content.decode()
    assert "98765" in oldest
    assert "number 2" not in oldest
    for odd in ("x", "-1", "९", "9" * 40):
        assert client.get(page(between_users), {"before": odd}).status_code == 200


def test_support_answers_on_the_page(with_support: Conversation) -> None:
    operator = make_operator("support")
    answer = browser(operator).post(page(with_support), {"text": "On its way."})
    assert (answer.status_code, answer.headers["Location"]) == (302, page(with_support))
    message = Message.objects.latest("sequence")
    assert (message.text, message.sender, message.desk) == ("On its way.", operator, "answered")
    assert SupportWait.objects.get().ended_by == operator
    assert "On its way." in browser(operator).get(page(with_support)).content.decode()


@pytest.mark.parametrize("text", ["", "   ", "x" * 4_001])
def test_an_answer_that_makes_no_sense_is_refused_on_the_page(with_support: Conversation, text: str) -> None:
    answer = browser(make_operator("support")).post(page(with_support), {"text": text})
    assert answer.status_code == 200
    assert Message.objects.count() == 1


def test_the_list_of_chats_leads_to_the_page(with_support: Conversation) -> None:
    listed = browser(make_operator("support")).get("/admin/messaging/supportchat/").content.decode()
    assert f'href="{page(with_support)}"' in listed


def test_nobody_writes_into_the_talk_of_others(between_users: Conversation, with_support: Conversation) -> None:
    assert browser(make_operator("administrator")).post(page(between_users), {"text": "Hello"}).status_code == 403
    assert browser(make_operator("trust")).post(page(with_support), {"text": "Hello"}).status_code == 403
    assert Message.objects.count() == 2


def test_there_is_no_page_of_no_conversation() -> None:
    assert browser(make_operator("administrator")).get("/admin/messaging/conversation/x/talk/").status_code == 404
