"""Twenty at the same moment: numbers without a gap, one message per id, readings that only move forward."""

from functools import partial

import pytest

from khidma.realtime.models import StreamEvent, StreamPosition
from khidma.tests.races import at_once
from messaging import services
from messaging.models import Message, Participant
from messaging.tests.factories import make_conversation, parties, say, unread

pytestmark = pytest.mark.usefixtures("committed_db")


def test_twenty_senders_get_the_numbers_one_to_twenty() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    sent = at_once(*[partial(say, conversation, (client, doer)[number % 2], str(number)) for number in range(20)])
    assert sorted(message.sequence for message in sent) == list(range(1, 21))
    assert (unread(conversation, client), unread(conversation, doer)) == (10, 10)
    for party in (client, doer):
        events = StreamEvent.objects.filter(user_id=party.pk, event="CHAT_MESSAGE").order_by("seq")
        assert [event.data["sequence"] for event in events] == list(range(1, 21))
        assert StreamPosition.objects.get(pk=party.pk).last_seq == StreamEvent.objects.filter(user_id=party.pk).count()


def test_the_same_message_sent_twenty_times_at_once_is_one() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    send = partial(services.send_message, conversation=conversation, sender=doer, text="Once", client_message_id="c1")
    sent = at_once(*[send] * 20)
    assert len({message.pk for message in sent}) == 1
    assert Message.objects.count() == 1
    assert unread(conversation, client) == 1
    assert StreamEvent.objects.filter(user_id=client.pk, event="CHAT_MESSAGE").count() == 1


def test_reading_and_writing_at_once_leave_a_true_count_of_what_is_unread() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    messages = [say(conversation, doer, str(number)) for number in range(5)]
    reads = [
        partial(services.mark_read, conversation=conversation, reader=client, message=message) for message in messages
    ]
    writes = [partial(say, conversation, doer, "more") for _ in range(10)]
    outcomes = at_once(*reads, *writes)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    place = Participant.objects.get(conversation=conversation, user=client)
    assert place.last_read_sequence == 5
    assert place.unread_count == 10


def test_messages_at_once_are_dated_in_the_order_of_their_numbers() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    at_once(*[partial(say, conversation, (client, doer)[number % 2], str(number)) for number in range(20)])
    times = list(Message.objects.order_by("sequence").values_list("created_at", flat=True))
    assert times == sorted(times)
    conversation.refresh_from_db()
    assert conversation.last_activity_at == times[-1]
