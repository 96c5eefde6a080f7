"""The chat with support: who waits and for how long, what an answer ends, and what happens when nobody answers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import override

from accounts.models import User
from accounts.tests.factories import make_client, make_operator
from khidma.kernel import aging, runtime
from khidma.kernel.clock import now
from khidma.kernel.errors import Invalid, NotFound
from khidma.kernel.models import AuditRecord
from khidma.kernel.outbox import deliver_due
from khidma.realtime.models import StreamEvent
from khidma.tests.client import JsonClient
from messaging import services, tasks
from messaging.errors import SupportDoesNotListen
from messaging.models import Conversation, Message, SupportChat, SupportStanding, SupportWait
from messaging.runtime import SupportSettings
from messaging.tests.factories import make_conversation, parties, say, unread
from notifications.models import Notification

pytestmark = pytest.mark.django_db

Api = Callable[..., JsonClient]


@pytest.fixture
def user() -> User:
    return make_client()


@pytest.fixture
def conversation(user: User) -> Conversation:
    """The user's chat with support, in which the user has asked one thing."""
    conversation = services.open_support(user=user)
    say(conversation, user, "Where is my money?")
    return conversation


def asked_ago(wait: SupportWait, **span: float) -> None:
    """Let the question be as old as that."""
    SupportWait.objects.filter(pk=wait.pk).update(since=now() - timedelta(**span))


def test_a_question_waits_once_however_often_it_is_asked(user: User, conversation: Conversation) -> None:
    first = Message.objects.get()
    say(conversation, user, "Hello?")
    wait = SupportWait.objects.get()
    assert (wait.since, wait.ended_at, wait.chat.user) == (first.created_at, None, user)
    assert (wait.chat.unread_count, wait.chat.last_message_at) == (2, Message.objects.latest("sequence").created_at)


def test_the_database_lets_nobody_wait_twice_at_once(conversation: Conversation) -> None:
    chat = SupportChat.objects.get(conversation=conversation)
    with pytest.raises(IntegrityError), transaction.atomic():
        SupportWait.objects.create(chat=chat, since=now())
    assert SupportWait.objects.count() == 1


def test_the_first_answer_ends_the_wait_and_the_next_question_begins_another(
    user: User, conversation: Conversation
) -> None:
    operator, other = make_operator("support"), make_operator("support")
    answer = services.answer_as_support(conversation=conversation, operator=operator, text="On its way.")
    services.answer_as_support(conversation=conversation, operator=other, text="It has arrived.")
    wait = SupportWait.objects.get()
    assert (wait.ended_by, wait.is_answered) == (operator, True)
    assert wait.ended_at is not None
    assert abs(wait.ended_at - answer.created_at) < timedelta(seconds=5)
    assert (unread(conversation, user), wait.chat.unread_count) == (2, 0)
    say(conversation, user, "Thank you. And the invoice?")
    assert SupportWait.objects.filter(ended_at=None).count() == 1
    assert SupportWait.objects.count() == 2


def test_users_see_support_and_not_who_answered(api: Api, user: User, conversation: Conversation) -> None:
    operator = make_operator("support")
    services.answer_as_support(conversation=conversation, operator=operator, text="On its way.")
    event = StreamEvent.objects.filter(user_id=user.pk, event="CHAT_MESSAGE").latest("seq")
    assert (event.data["text"], event.data["senderId"], event.data["kind"]) == ("On its way.", None, "text")
    routes = [
        "/api/web-chat/messages",
        "/api/conversations",
        f"/api/conversations/{conversation.pk}",
        "/api/web-chat/poll?after=0",
    ]
    for route in routes:
        content = api(user).get(route).content.decode()
        assert "On its way." in content
        for secret in (str(operator.pk), operator.name, str(operator.email)):
            assert secret not in content, (route, secret)


@pytest.mark.parametrize("text", ["", "  ", "x" * 4_001])
def test_an_answer_that_says_nothing_or_too_much_is_refused(conversation: Conversation, text: str) -> None:
    with pytest.raises(Invalid):
        services.answer_as_support(conversation=conversation, operator=make_operator("support"), text=text)
    assert Message.objects.count() == 1
    assert SupportWait.objects.get().ended_at is None


def test_support_answers_in_chats_with_support_only() -> None:
    conversation = make_conversation()
    say(conversation, parties(conversation)[0])
    with pytest.raises(NotFound):
        services.answer_as_support(conversation=conversation, operator=make_operator("support"), text="Hello")
    assert Message.objects.count() == 1


def test_nobody_is_told_before_the_time_is_over(conversation: Conversation) -> None:
    asked_ago(SupportWait.objects.get(), minutes=14)
    assert tasks.notice_unanswered_questions() == 0
    assert Message.objects.count() == 1


def test_when_nobody_answers_the_user_is_told_and_the_operators_called_once(
    user: User, conversation: Conversation
) -> None:
    helpers = {make_operator("support").pk, make_operator("administrator").pk}
    make_operator("finance")
    asked_ago(SupportWait.objects.get(), minutes=16)
    assert [tasks.notice_unanswered_questions() for _ in range(2)] == [1, 0]
    deliver_due()
    said = Message.objects.latest("sequence")
    assert (said.kind, said.sender_id, said.desk) == ("system", None, "")
    assert said.text.startswith("Nobody has answered yet")
    told = Notification.objects.filter(kind="support_unanswered")
    assert {note.user_id for note in told} == helpers
    assert told.count() == 2
    assert SupportWait.objects.get().ended_at is None


def test_the_setting_says_how_long_users_wait(conversation: Conversation) -> None:
    runtime.change(SupportSettings, {"answer_minutes": 60})
    asked_ago(SupportWait.objects.get(), minutes=59)
    assert tasks.notice_unanswered_questions() == 0
    asked_ago(SupportWait.objects.get(), minutes=61)
    assert tasks.notice_unanswered_questions() == 1


def test_an_answer_in_the_last_moment_is_enough(conversation: Conversation) -> None:
    wait = SupportWait.objects.get()
    asked_ago(wait, minutes=16)
    services.answer_as_support(conversation=conversation, operator=make_operator("support"), text="Here I am.")
    assert services.notice_unanswered(wait_id=wait.pk) is False
    assert Message.objects.count() == 2


def test_the_user_is_told_in_the_language_that_the_client_asked_for(api: Api, user: User) -> None:
    api(user).post("/api/web-chat/messages", {"text": "नमस्ते"}, accept_language="hi-IN,en;q=0.5")
    assert SupportChat.objects.get().language == "hi"
    services.send_message(conversation=Conversation.objects.get(), sender=user, text="नमस्ते")
    asked_ago(SupportWait.objects.get(), minutes=16)
    with override("en"):
        tasks.notice_unanswered_questions()
    assert "अभी तक" in Message.objects.latest("sequence").text


def test_who_was_put_away_comes_back_with_the_next_question(user: User, conversation: Conversation) -> None:
    operator = make_operator("support")
    services.change_standing(conversation=conversation, operator=operator, standing=SupportStanding.ARCHIVED)
    wait, chat = SupportWait.objects.get(), SupportChat.objects.get()
    assert (chat.standing, wait.ended_by, wait.is_answered) == ("archived", operator, False)
    services.remove_chat(conversation=conversation, operator=operator)
    say(conversation, user, "One more thing")
    chat.refresh_from_db()
    assert (chat.standing, chat.removed_at, SupportWait.objects.filter(ended_at=None).count()) == ("active", None, 1)
    acts = AuditRecord.objects.filter(actor_id=operator.pk).order_by("id").values_list("action", "target_id")
    assert list(acts) == [
        ("support.standing", str(conversation.pk)),
        ("support.remove_conversation", str(conversation.pk)),
    ]


def test_who_is_blocked_writes_to_support_no_more_until_that_is_taken_back(
    api: Api, user: User, conversation: Conversation
) -> None:
    operator = make_operator("support")
    services.change_standing(conversation=conversation, operator=operator, standing=SupportStanding.BLOCKED)
    with pytest.raises(SupportDoesNotListen):
        say(conversation, user)
    answer = api(user).post("/api/web-chat/messages", {"text": "Hello"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
    assert Message.objects.count() == 1
    services.change_standing(conversation=conversation, operator=operator, standing=SupportStanding.ACTIVE)
    assert say(conversation, user).sequence == 2


def test_what_is_removed_stays_with_its_user(api: Api, user: User, conversation: Conversation) -> None:
    operator, message = make_operator("support"), Message.objects.get()
    services.remove_message(message=message, operator=operator)
    with pytest.raises(NotFound):
        services.remove_message(message=message, operator=operator)
    (shown,) = api(user).get("/api/web-chat/messages").json()["data"]
    assert shown["text"] == "Where is my money?"
    assert SupportChat.objects.get().unread_count == 0
    assert AuditRecord.objects.get(action="support.remove_message").after == {"message_id": str(message.pk)}


def test_reading_may_be_taken_back(user: User, conversation: Conversation) -> None:
    for text in ("2", "3"):
        say(conversation, user, text)
    first, second, third = Message.objects.order_by("sequence")
    assert services.mark_for_support(message=second, is_read=True).unread_count == 1
    assert services.mark_for_support(message=first, is_read=True).unread_count == 1
    assert services.mark_for_support(message=third, is_read=True).unread_count == 0
    assert services.mark_for_support(message=second, is_read=False).unread_count == 2


def test_waits_stand_in_the_table_of_ages(conversation: Conversation) -> None:
    asked_ago(SupportWait.objects.get(), hours=25)
    rows = {row.name: row for row in aging.measure() if "supportwait" in row.name}
    assert {(name.split(": ")[1], row.over) for name, row in rows.items()} == {
        ("waiting, not noticed", 1),
        ("waiting for an answer", 1),
    }
    tasks.notice_unanswered_questions()
    services.answer_as_support(conversation=conversation, operator=make_operator("support"), text="Sorry!")
    assert [row.count for row in aging.measure() if "supportwait" in row.name] == [0, 0]
