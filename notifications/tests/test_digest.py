"""Chat messages that nobody reads: their receiver is told once of all of them, and never in quiet hours."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from khidma.kernel.clock import Now, now
from khidma.tests.races import at_once
from messaging.models import Conversation, Message
from messaging.services import mark_read, post_system_message
from messaging.tests.factories import make_conversation, parties, say
from notifications import services
from notifications.models import Digest, Notification
from notifications.services import digesting
from notifications.services.preferences import change_preferences
from notifications.tests.factories import make_push_token, send_everything, sent


def pass_minutes(minutes: int) -> None:
    """As if everything that was said and told were so many minutes older."""
    earlier = timedelta(minutes=minutes)
    for message in Message.objects.all():
        Message.objects.filter(pk=message.pk).update(created_at=message.created_at - earlier)
    for conversation in Conversation.objects.all():
        at = conversation.last_activity_at - earlier
        Conversation.objects.filter(pk=conversation.pk).update(last_activity_at=at)
    for digest in Digest.objects.all():
        Digest.objects.filter(pk=digest.pk).update(told_at=digest.told_at - earlier)


def be_quiet(user: User) -> None:
    """Quiet hours from an hour ago until in an hour."""
    hours = {"start": (now() - timedelta(hours=1)).time(), "end": (now() + timedelta(hours=1)).time()}
    change_preferences(user=user, quiet_hours={**hours, "time_zone": "UTC"})


def digests(user: User) -> list[Any]:
    """The bodies of this person's digests, oldest first."""
    found = Notification.objects.filter(user=user, kind="unread_messages").order_by("id")
    return list(found.values_list("body", flat=True))


@pytest.mark.django_db
def test_messages_that_stay_unread_lead_to_one_notification() -> None:
    client = make_client()
    first, second = make_conversation(client=client), make_conversation(client=client)
    make_push_token(client)
    for conversation in (first, first, second):
        say(conversation, parties(conversation)[1])
    pass_minutes(14)
    assert services.tell_of_unread_messages() == 0
    pass_minutes(1)
    assert services.tell_of_unread_messages() == 1
    assert digests(client) == ["Messages that you have not read: 3."]
    told = Notification.objects.get(user=client, kind="unread_messages")
    assert (told.data, told.action_url) == ({}, "/conversations")
    send_everything()
    assert sent(told) == ["email", "push"]
    assert services.tell_of_unread_messages() == 0
    pass_minutes(600)
    assert services.tell_of_unread_messages() == 0


@pytest.mark.django_db
def test_one_conversation_is_opened_by_a_tap() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    say(conversation, client)
    pass_minutes(15)
    services.tell_of_unread_messages()
    told = Notification.objects.get(user=doer, kind="unread_messages")
    assert told.data == {"conversationId": str(conversation.pk)}
    assert told.action_url == f"/conversations/{conversation.pk}"
    assert digests(client) == []


@pytest.mark.django_db
def test_new_messages_lead_to_another_after_the_pause_alone() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    say(conversation, client)
    pass_minutes(15)
    services.tell_of_unread_messages()
    say(conversation, client)
    say(conversation, client)
    pass_minutes(59)
    assert services.tell_of_unread_messages() == 0
    pass_minutes(1)
    assert services.tell_of_unread_messages() == 1
    assert digests(doer) == ["Messages that you have not read: 1.", "Messages that you have not read: 2."]


@pytest.mark.django_db
def test_nobody_is_told_of_what_they_read_of_their_own_or_of_what_the_system_said() -> None:
    read, own, system = make_conversation(), make_conversation(), make_conversation()
    message = say(read, parties(read)[0])
    mark_read(conversation=read, reader=parties(read)[1], message=message)
    say(own, parties(own)[0])
    mark_read(conversation=own, reader=parties(own)[1], message=say(own, parties(own)[0]))
    post_system_message(conversation=system, text="Work has started.")
    pass_minutes(60)
    assert services.tell_of_unread_messages() == 0


@pytest.mark.django_db
def test_quiet_hours_put_the_digest_off_until_their_end() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    be_quiet(doer)
    say(conversation, client)
    pass_minutes(300)
    say(conversation, client)
    pass_minutes(300)
    assert services.tell_of_unread_messages() == 0
    change_preferences(user=doer, clear_quiet_hours=True)
    assert services.tell_of_unread_messages() == 1
    assert digests(doer) == ["Messages that you have not read: 2."]


@pytest.mark.django_db
def test_those_who_sleep_take_nobody_elses_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digesting, "AT_ONCE", 2)
    doers = sorted((make_doer() for _ in range(5)), key=lambda doer: doer.pk)
    for doer in doers:
        conversation = make_conversation(doer=doer)
        say(conversation, parties(conversation)[0])
    for doer in doers[:3]:
        be_quiet(doer)
    pass_minutes(15)
    assert services.tell_of_unread_messages() == 2
    assert [len(digests(doer)) for doer in doers] == [0, 0, 0, 1, 1]


@pytest.mark.django_db
def test_many_waiting_people_take_no_more_queries_to_find(django_assert_max_num_queries: Any) -> None:
    for _ in range(4):
        conversation = make_conversation()
        say(conversation, parties(conversation)[0])
        be_quiet(parties(conversation)[1])
    pass_minutes(15)
    with django_assert_max_num_queries(4):
        assert services.tell_of_unread_messages() == 0


@pytest.mark.usefixtures("committed_db")
def test_two_workers_tell_a_person_once() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    say(conversation, client)
    Message.objects.update(created_at=Now() - timedelta(minutes=15))
    told = at_once(*[partial(services.tell_of_unread_messages)] * 4)
    assert sorted(told) == [0, 0, 0, 1]
    assert len(digests(doer)) == 1
