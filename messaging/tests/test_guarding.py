"""Contact details before the payment are masked, and who has blocked whom keeps both silent; who sees which part."""

from collections.abc import Callable
from uuid import UUID

import pytest

from accounts.models import User
from accounts.services import block_user, unblock_user
from accounts.tests.factories import make_client
from khidma.kernel.models import OutboxEvent
from khidma.kernel.outbox import deliver_due
from khidma.media.tests.factories import make_file
from khidma.realtime.models import StreamEvent
from khidma.tests.client import JsonClient
from messaging import services
from messaging.errors import BlockedBetween
from messaging.masking import MASK
from messaging.models import Conversation, Message, Original, Participant
from messaging.tests.factories import make_conversation, parties, say, unread
from orders import services as orders
from orders.models import Order
from orders.tests.factories import make_completed_order, make_funded_order, make_order, make_submitted_order
from trust_safety.models import Lapse

pytestmark = pytest.mark.django_db

Api = Callable[..., JsonClient]

WRITTEN = "Call 98765 43210 or pay asha@okhdfc"
SHOWN = f"Call {MASK} or pay {MASK}"


def stream_of(user: User) -> list[dict[str, object]]:
    """The chat messages on a user's stream."""
    rows = StreamEvent.objects.filter(user_id=user.pk, event="CHAT_MESSAGE").order_by("seq")
    return [row.data for row in rows]


def talk_of(order: Order) -> Conversation:
    return services.open_for_order(order=order)


def test_the_other_side_gets_the_masked_text_and_the_sender_a_warning() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    message = say(conversation, doer, WRITTEN)
    assert (message.text, message.is_flagged) == (SHOWN, True)
    (heard,), (mine,) = stream_of(client), stream_of(doer)
    assert (heard["text"], heard["flagged"]) == (SHOWN, True)
    assert "warning" not in heard
    assert str(mine.pop("warning")).startswith("Phone numbers")
    assert mine == heard
    assert Original.objects.get().text == WRITTEN
    assert unread(conversation, client) == 1


def test_what_was_written_reaches_the_other_side_by_no_route(api: Api) -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    sent = api(doer).post(f"/api/conversations/{conversation.pk}/messages", {"text": WRITTEN}).json()["data"]
    assert (sent["text"], sent["flagged"]) == (SHOWN, True)
    assert sent["warning"]
    routes = [
        "/api/conversations",
        f"/api/conversations/{conversation.pk}",
        f"/api/conversations/{conversation.pk}/messages",
        "/api/web-chat/poll?after=0",
        "/api/notifications",
    ]
    deliver_due()
    for route in routes:
        for reader in (client, doer):
            content = api(reader).get(route).content.decode()
            assert "43210" not in content, route
            assert "okhdfc" not in content, route
    (listed,) = api(client).get(f"/api/conversations/{conversation.pk}/messages").json()["data"]
    assert (listed["flagged"], listed["warning"]) == (True, None)
    (own,) = api(doer).get(f"/api/conversations/{conversation.pk}/messages").json()["data"]
    assert own == sent
    assert api(client).get("/api/conversations").json()["data"][0]["lastMessage"] == listed


def test_contact_details_in_the_name_of_a_file_are_masked_too(api: Api) -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    address = f"/api/conversations/{conversation.pk}/messages"
    body = {"attachments": [str(make_file(doer, name="call me 9876543210.pdf").pk)]}
    sent = api(doer).post(address, body).json()["data"]
    assert (sent["attachments"][0]["name"], sent["flagged"]) == (f"call me {MASK}.pdf", True)
    assert sent["warning"]
    (heard,) = stream_of(client)
    assert heard["flagged"]
    assert "9876543210" not in str(heard)
    for route in ("/api/conversations", address, "/api/web-chat/poll?after=0"):
        assert "9876543210" not in api(client).get(route).content.decode(), route
    deliver_due()
    doer.refresh_from_db()
    assert doer.trust_score == 48
    funded = make_funded_order()
    file = make_file(funded.doer, name="call me 9876543210.pdf")
    services.send_message(conversation=talk_of(funded), sender=funded.doer, text="", attachments=[file.pk])
    (listed, *_earlier) = api(funded.client).get(f"/api/conversations/{funded.conversation_id}/messages").json()["data"]
    assert (listed["attachments"][0]["name"], listed["flagged"]) == ("call me 9876543210.pdf", False)


def test_masking_ends_with_the_payment_and_does_not_come_back() -> None:
    unpaid = make_order()
    assert say(talk_of(unpaid), unpaid.doer, WRITTEN).text == SHOWN
    funded = make_funded_order()
    message = say(talk_of(funded), funded.doer, WRITTEN)
    assert (message.text, message.is_flagged) == (WRITTEN, False)
    completed = make_completed_order()
    assert say(talk_of(completed), completed.client, WRITTEN).text == WRITTEN
    cancelled = make_order()
    orders.cancel_order(order=cancelled, actor=cancelled.client, reason="changed_mind")
    assert say(talk_of(cancelled), cancelled.client, WRITTEN).text == SHOWN


def test_a_payment_of_which_messaging_has_not_heard_ends_masking_too() -> None:
    order = make_funded_order()
    assert order.application is not None
    conversation = services.open_for_application(application=order.application)
    assert conversation.kind == "application"
    assert say(conversation, order.doer, WRITTEN).text == WRITTEN


def test_support_is_never_masked() -> None:
    user = make_client()
    message = say(services.open_support(user=user), user, WRITTEN)
    assert (message.text, message.is_flagged) == (WRITTEN, False)


def test_each_masked_message_counts_once_and_lowers_the_trust_score() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    for _ in range(2):
        services.send_message(conversation=conversation, sender=doer, text=WRITTEN, client_message_id="m1")
    say(conversation, doer, "Hello")
    say(conversation, client, "asha@gmail.com")
    deliver_due()
    deliver_due()
    doer.refresh_from_db()
    client.refresh_from_db()
    assert (doer.trust_score, client.trust_score) == (48, 48)
    assert Lapse.objects.filter(user=doer, kind="contact_details").count() == 1
    events = OutboxEvent.objects.filter(name="messaging.ContactDetailsMasked")
    assert sorted(tuple(event.payload["kinds"]) for event in events) == [("email",), ("payment", "phone")]
    assert not [event for event in events if "43210" in str(event.payload)]


def facts() -> tuple[int, int, int]:
    """What a refused message must not change."""
    return (
        Message.objects.count(),
        StreamEvent.objects.count(),
        sum(row.unread_count for row in Participant.objects.all()),
    )


def same_words(conversation: Conversation, writers: tuple[User, User], api: Api) -> str:
    """What both hear who try to write, over services and HTTP, which must be the same for both."""
    before = facts()
    heard = set()
    for writer in writers:
        with pytest.raises(BlockedBetween):
            say(conversation, writer)
        answer = api(writer).post(f"/api/conversations/{conversation.pk}/messages", {"text": "Hello"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
        heard.add((answer.json()["error"]["message"], str(answer.json()["error"]["details"])))
    assert facts() == before
    ((words, details),) = heard
    assert details == "{}"
    return str(words)


@pytest.mark.parametrize("is_client_the_blocker", [True, False])
def test_blocked_users_do_not_write_to_each_other_and_neither_hears_who_blocked(
    api: Api, is_client_the_blocker: bool
) -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    say(conversation, doer)
    blocker, blocked = (client, doer) if is_client_the_blocker else (doer, client)
    block_user(blocker=blocker, blocked=blocked)
    assert "cannot write to each other" in same_words(conversation, (client, doer), api)
    assert api(blocked).get(f"/api/conversations/{conversation.pk}/messages").status_code == 200
    unblock_user(blocker=blocker, blocked=blocked)
    assert say(conversation, blocked).sequence == 2


def test_a_funded_order_is_finished_in_spite_of_a_block(api: Api) -> None:
    running = [make_funded_order(), make_submitted_order()]
    for order in running:
        conversation = talk_of(order)
        block_user(blocker=order.client, blocked=order.doer)
        assert say(conversation, order.client).pk
        assert say(conversation, order.doer).pk
    order = orders.approve_work(order=running[1], client=running[1].client)
    assert order.status == "completed"
    assert "cannot write" in same_words(talk_of(order), (order.client, order.doer), api)


def test_an_unpaid_order_is_no_reason_to_write_to_who_blocked(api: Api) -> None:
    order = make_order()
    conversation = talk_of(order)
    block_user(blocker=order.doer, blocked=order.client)
    assert "cannot write" in same_words(conversation, (order.client, order.doer), api)


def test_blocks_of_others_silence_nobody_and_support_hears_everybody() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    other = make_client()
    block_user(blocker=client, blocked=other)
    block_user(blocker=other, blocked=doer)
    assert say(conversation, client).pk
    assert say(conversation, doer).pk
    assert say(services.open_support(user=client), client).pk


def test_the_id_sent_again_after_a_block_is_answered_with_what_was_said() -> None:
    conversation = make_conversation()
    client, doer = parties(conversation)
    ids: set[UUID] = set()
    for _ in range(2):
        message = services.send_message(conversation=conversation, sender=doer, text="Hello", client_message_id="m1")
        ids.add(message.pk)
        block_user(blocker=client, blocked=doer)
    assert len(ids) == 1
