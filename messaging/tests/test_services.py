"""Opening conversations, saying things, having read: what is stored, what is told, what is refused."""

from uuid import UUID, uuid4

import pytest

from accounts.tests.factories import make_client, make_doer
from gigs.tests.factories import make_application
from khidma.kernel.errors import Invalid, NotFound
from khidma.realtime.models import StreamEvent
from messaging import services
from messaging.models import Conversation, ConversationKind, Message, Participant, ReadMark
from messaging.tests.factories import make_conversation, parties, say, unread
from orders.services import accept_application
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


def told(user_id: UUID, event: str) -> list[dict[str, object]]:
    """What the stream of a user brought of one kind of event."""
    return [row.data for row in StreamEvent.objects.filter(user_id=user_id, event=event).order_by("seq")]


def test_an_application_and_its_order_give_the_same_conversation() -> None:
    order = make_order()
    by_application = services.reach_conversation(actor=order.doer, application_id=order.application_id)
    assert by_application.pk == order.conversation_id
    by_order = services.reach_conversation(actor=order.client, order_id=order.pk)
    by_order.refresh_from_db()
    assert by_order.pk == by_application.pk
    assert (by_order.kind, by_order.order_id, by_order.application_id) == ("order", order.pk, order.application_id)
    assert Conversation.objects.count() == 1
    assert Participant.objects.filter(conversation=by_order).count() == 2


def test_an_orders_conversation_is_the_orders_from_its_first_touch() -> None:
    order = make_order()
    conversation = services.reach_conversation(actor=order.doer, conversation_id=order.conversation_id)
    assert conversation.kind == ConversationKind.ORDER
    assert conversation.order_id == order.pk


@pytest.mark.parametrize("name", ["conversation_id", "application_id"])
def test_a_negotiation_is_the_orders_talk_as_soon_as_the_order_is_placed(name: str) -> None:
    application = make_application()
    before = services.reach_conversation(actor=application.doer, application_id=application.pk)
    assert (before.kind, before.order_id) == (ConversationKind.APPLICATION, None)
    order = accept_application(application=application, client=application.gig.client)
    wanted = {"conversation_id": application.conversation_id, "application_id": application.pk}[name]
    after = services.reach_conversation(actor=application.doer, **{name: wanted})
    assert (after.pk, after.kind, after.order_id) == (before.pk, ConversationKind.ORDER, order.pk)
    assert Conversation.objects.count() == 1


def test_opening_twice_opens_once() -> None:
    application = make_application()
    first = services.open_for_application(application=application)
    again = services.open_for_application(application=application)
    assert first.pk == again.pk == application.conversation_id
    assert Participant.objects.count() == 2


@pytest.mark.parametrize("name", ["conversation_id", "order_id", "application_id"])
def test_a_stranger_reaches_no_conversation_and_makes_none(name: str) -> None:
    order = make_order()
    ids = {"conversation_id": order.conversation_id, "order_id": order.pk, "application_id": order.application_id}
    with pytest.raises(NotFound):
        services.reach_conversation(actor=make_doer(), **{name: ids[name]})
    assert Conversation.objects.count() == 0
    services.reach_conversation(actor=order.client, order_id=order.pk)
    with pytest.raises(NotFound):
        services.reach_conversation(actor=make_doer(), **{name: ids[name]})
    assert Participant.objects.count() == 2


def test_messages_are_numbered_counted_as_unread_and_told_to_both() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    first, second = say(conversation, doer, "Namaste!"), say(conversation, client, "Hello")
    conversation.refresh_from_db()
    assert (first.sequence, second.sequence) == (1, 2)
    assert conversation.last_message == second
    assert (unread(conversation, client), unread(conversation, doer)) == (1, 1)
    for party in (client, doer):
        assert [data["sequence"] for data in told(party.pk, "CHAT_MESSAGE")] == [1, 2]
        assert [data["text"] for data in told(party.pk, "CHAT_MESSAGE")] == ["Namaste!", "Hello"]


def test_the_same_client_message_id_makes_one_message_per_sender_and_conversation() -> None:
    conversation, other = make_conversation(), make_conversation()
    client, doer = parties(conversation)
    sent = [
        services.send_message(conversation=conversation, sender=doer, text=text, client_message_id="a1")
        for text in ("first", "second")
    ]
    assert sent[0].pk == sent[1].pk
    assert sent[1].text == "first"
    assert (unread(conversation, client), len(told(client.pk, "CHAT_MESSAGE"))) == (1, 1)
    services.send_message(conversation=conversation, sender=client, text="mine", client_message_id="a1")
    services.send_message(conversation=other, sender=parties(other)[1], text="elsewhere", client_message_id="a1")
    assert Message.objects.count() == 3


def test_text_is_kept_raw_but_for_control_and_bidirectional_characters() -> None:
    conversation = make_conversation()
    message = say(conversation, parties(conversation)[0], "<b>1 < 2</b> \u202egnp.exe\x07\n\tनमस्ते")
    assert Message.objects.get(pk=message.pk).text == "<b>1 < 2</b> gnp.exe\n\tनमस्ते"


@pytest.mark.parametrize("text", ["", "  \n ", "\u200e\x00", "x" * 4_001])
def test_what_says_nothing_or_too_much_is_refused(text: str) -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    with pytest.raises(Invalid) as refusal:
        say(conversation, client, text)
    assert set(refusal.value.details) == {"text"}
    conversation.refresh_from_db()
    assert (Message.objects.count(), conversation.last_sequence, unread(conversation, doer)) == (0, 0, 0)
    assert told(doer.pk, "CHAT_MESSAGE") == []


def test_four_thousand_characters_are_not_too_many() -> None:
    conversation = make_conversation()
    assert len(say(conversation, parties(conversation)[0], "न" * 4_000).text) == 4_000


def test_files_of_nobody_are_refused() -> None:
    conversation = make_conversation()
    with pytest.raises(Invalid) as refusal:
        services.send_message(
            conversation=conversation, sender=parties(conversation)[0], text="See this", attachments=[uuid4()]
        )
    assert set(refusal.value.details) == {"attachments"}
    assert Message.objects.count() == 0


def test_reading_moves_forward_only_and_tells_everybody_once() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    messages = [say(conversation, doer, str(number)) for number in range(3)]
    mine = say(conversation, client, "mine")
    reading = services.mark_read(conversation=conversation, reader=client, message=messages[1])
    assert reading.is_new
    assert unread(conversation, client) == 1
    again = services.mark_read(conversation=conversation, reader=client, message=messages[0])
    assert (again.is_new, again.at) == (False, reading.at)
    place = Participant.objects.get(conversation=conversation, user=client)
    assert (place.last_read_sequence, place.unread_count, place.last_read_at) == (2, 1, reading.at)
    services.mark_read(conversation=conversation, reader=client, message=mine)
    assert unread(conversation, client) == 0
    assert ReadMark.objects.count() == 2
    for party in (client, doer):
        assert [data["messageId"] for data in told(party.pk, "MESSAGE_READ")] == [str(messages[1].pk), str(mine.pk)]


def test_a_system_message_has_no_sender_and_is_unread_for_both() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    message = services.post_system_message(conversation=conversation, text="The order was cancelled.")
    assert (message.kind, message.sender_id, message.sequence) == ("system", None, 1)
    assert (unread(conversation, client), unread(conversation, doer)) == (1, 1)


def test_everybody_has_one_conversation_with_support() -> None:
    user, other = make_client(), make_client()
    first, again = services.open_support(user=user), services.open_support(user=user)
    assert first.pk == again.pk != services.open_support(user=other).pk
    with pytest.raises(NotFound):
        services.reach_conversation(actor=other, conversation_id=first.pk)
