"""The socket's events: who hears what, in which order, and what is answered."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Session, User
from accounts.services import suspend_user
from accounts.services.sessions import end_session
from accounts.tests.factories import bearer, make_client, make_doer
from khidma.realtime import database, streams
from khidma.realtime.database import in_database
from messaging import services
from messaging.consumers import ChatSocket, Entrance, commands
from messaging.models import Conversation, Message
from messaging.services import talking
from messaging.tests.factories import make_conversation, parties, say
from messaging.tests.phone import Phone, phone

pytestmark = pytest.mark.usefixtures("committed_db")


async def two_parties() -> tuple[Conversation, User, User]:
    """A conversation with its client and its doer."""

    def make() -> tuple[Conversation, User, User]:
        conversation = make_conversation()
        return conversation, *parties(conversation)

    return await in_database(make)


def socket_with(**changes: Any) -> Any:
    """The application with other times or limits."""
    return Entrance(type("HastySocket", (ChatSocket,), changes).serve)  # type: ignore[attr-defined]


async def test_the_token_may_come_with_the_first_frame_the_subprotocol_or_the_address() -> None:
    user = await in_database(make_client)
    token = await in_database(bearer, user)
    async with phone() as first:
        await first.log_in(user, token)
    async with phone(subprotocols=["khidma.v1", f"bearer.{token}"]) as second:
        assert second.accepted["subprotocol"] == "khidma.v1"
        assert (await second.hear("AUTHENTICATED"))["data"] == {"userId": str(user.pk), "seq": 0}
    async with phone(path=f"/ws?token={token}&v=1") as third:
        assert (await third.hear("AUTHENTICATED"))["data"] == {"userId": str(user.pk), "seq": 0}
        assert third.scope["query_string"] == b"v=1"


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "x" * 8_000])
async def test_a_bad_token_is_refused_and_the_socket_closed_with_4401(token: str) -> None:
    async with phone() as stranger:
        error = await stranger.ask("AUTHENTICATE", "ERROR", token=token)
        assert error["data"]["code"] == "not_authenticated"
        assert await stranger.hear_close() == 4401


async def test_whoever_does_not_authenticate_in_time_is_closed_with_4401() -> None:
    async with phone(application=socket_with(authentication_seconds=0.5)) as stranger:
        assert await stranger.hear_close() == 4401


async def test_before_authentication_nothing_else_is_done() -> None:
    conversation, _client, _doer = await two_parties()
    async with phone() as stranger:
        error = await stranger.ask("CHAT_MESSAGE", "ERROR", conversationId=conversation.pk, text="Hello")
        assert error["data"]["code"] == "not_authenticated"
    assert await in_database(Message.objects.count) == 0


async def test_pages_of_strangers_are_refused_and_programs_without_origin_let_in(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.khidma.in"]
    host = (b"host", b"testserver")
    for origin, is_let_in in [
        (b"https://app.khidma.in", True),
        (b"http://testserver", True),
        (b"https://evil.example", False),
        (b"null", False),
        (b"https://app.khidma.in.evil.example", False),
    ]:
        caller = Phone(headers=[host, (b"origin", origin)])
        assert await caller.open() is is_let_in, origin
        await caller.hang_up()
    rebound = Phone(headers=[(b"host", b"evil.example"), (b"origin", b"http://evil.example")])
    assert await rebound.open() is False


async def test_no_other_address_is_a_socket() -> None:
    assert await Phone(path="/ws/other").open() is False
    assert await Phone(path="/").open() is False


async def test_a_message_is_stored_acknowledged_with_its_ref_and_heard_by_the_other_party() -> None:
    conversation, client, doer = await two_parties()
    async with phone(client) as hers, phone(doer) as his:
        await his.send("CHAT_MESSAGE", ref="r1", conversationId=conversation.pk, text="Namaste!", clientMessageId="m1")
        acknowledged, heard = await his.hear("CHAT_MESSAGE"), await hers.hear("CHAT_MESSAGE")
    message = await in_database(Message.objects.get)
    expected: dict[str, Any] = {
        "messageId": str(message.pk),
        "conversationId": str(conversation.pk),
        "orderId": None,
        "sequence": 1,
        "kind": "text",
        "senderId": str(doer.pk),
        "text": "Namaste!",
        "attachments": [],
        "clientMessageId": "m1",
    }
    for frame in (acknowledged, heard):
        assert frame["data"].pop("createdAt") // 1000 == int(message.created_at.timestamp())
        assert frame["data"] == expected
        assert frame["seq"] == 1
    assert acknowledged["ref"] == "r1"
    assert "ref" not in heard


async def test_a_message_sent_again_is_acknowledged_again_and_stored_once() -> None:
    conversation, client, doer = await two_parties()
    async with phone(client) as hers, phone(doer) as his:
        for ref in (1, 2):
            await his.send("CHAT_MESSAGE", ref=ref, conversationId=conversation.pk, text="Once", clientMessageId="m1")
            answer = await his.hear("CHAT_MESSAGE")
            assert (answer["ref"], answer["data"]["sequence"]) == (ref, 1)
        await hers.hear("CHAT_MESSAGE")
        assert await hers.hears_nothing()
    assert await in_database(Message.objects.count) == 1


async def test_a_stranger_hears_that_there_is_no_such_conversation() -> None:
    conversation, client, _doer = await two_parties()
    stranger = await in_database(make_doer)
    frames: dict[str, dict[str, Any]] = {
        "CHAT_MESSAGE": {"text": "Hello"},
        "SUBSCRIBE_CHAT": {},
        "UNSUBSCRIBE_CHAT": {},
        "TYPING_START": {},
        "TYPING_STOP": {},
    }
    async with phone(client) as hers, phone(stranger) as theirs:
        await hers.ask("SUBSCRIBE_CHAT", "SUBSCRIBED", conversationId=conversation.pk)
        for event, data in frames.items():
            for name in ({"conversationId": conversation.pk}, {"conversationId": uuid4()}, {"orderId": uuid4()}):
                await theirs.send(event, ref="x", **name, **data)
                error = await theirs.hear("ERROR")
                assert (error["data"]["code"], error["ref"]) == ("not_found", "x"), event
        assert await hers.hears_nothing()
    assert await in_database(Message.objects.count) == 0


async def test_a_message_without_anything_special_takes_one_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    conversation, _client, doer = await two_parties()

    asked: list[str] = []

    async def fetch(statement: str, parameters: Any) -> Any:
        asked.append(statement)
        return await database.fetch(statement, parameters)

    monkeypatch.setattr(talking, "fetch", fetch)
    monkeypatch.setattr(commands, "in_database", None)
    body = {"name": {"conversation_id": conversation.pk}, "text": "Namaste!", "attachments": []}
    try:
        said = await commands.say(doer, {**body, "client_message_id": "m1"}, uuid4())
    finally:
        await database.hang_up()
    assert said.is_new
    assert len(asked) == 1


async def test_a_long_text_is_looked_at_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    conversation, _client, doer = await two_parties()
    looked_at: list[int] = []

    async def say_plainly(*, text: str, **_rest: Any) -> None:
        looked_at.append(len(text))

    monkeypatch.setattr(services, "say_plainly", say_plainly)
    async with phone(doer) as his:
        for length in (1_000, 1_001):
            await his.ask("CHAT_MESSAGE", "CHAT_MESSAGE", conversationId=conversation.pk, text="x" * length)
    assert looked_at == [1_000]


async def test_a_stranger_cannot_mark_messages_as_read() -> None:
    conversation, client, doer = await two_parties()
    message = await in_database(say, conversation, doer)
    async with phone(await in_database(make_doer)) as theirs:
        error = await theirs.ask("MESSAGE_READ", "ERROR", messageId=message.pk)
        assert error["data"]["code"] == "not_found"
    shown = await in_database(services.reach_conversation, actor=client, conversation_id=conversation.pk)
    assert await in_database(lambda: shown.participants.get(user=client).last_read_sequence) == 0


async def test_reading_is_told_to_both_and_told_again_to_whoever_asks_again() -> None:
    conversation, client, doer = await two_parties()
    message = await in_database(say, conversation, doer)
    async with phone(client) as hers, phone(doer) as his:
        await hers.send("MESSAGE_READ", ref="r", messageId=message.pk)
        mine, heard = await hers.hear("MESSAGE_READ"), await his.hear("MESSAGE_READ")
        assert mine["ref"] == "r"
        assert mine["data"] == heard["data"]
        assert heard["data"]["readerId"] == str(client.pk)
        assert heard["data"]["messageId"] == str(message.pk)
        again = await hers.ask("MESSAGE_READ", "MESSAGE_READ", messageId=message.pk)
        assert again["data"] == mine["data"]
        assert await his.hears_nothing()


async def test_typing_is_heard_by_subscribers_only_and_stops_by_itself() -> None:
    conversation, client, doer = await two_parties()
    hasty = socket_with(typing_seconds=0.5)
    async with phone(client) as hers, phone(doer, application=hasty) as his:
        await his.send("TYPING_START", conversationId=conversation.pk)
        assert await hers.hears_nothing()
        subscribed = await hers.ask("SUBSCRIBE_CHAT", "SUBSCRIBED", conversationId=conversation.pk)
        assert subscribed["data"] == {"conversationId": str(conversation.pk), "orderId": None}
        await his.send("TYPING_START", conversationId=conversation.pk)
        started, stopped = await hers.hear("TYPING_START"), await hers.hear("TYPING_STOP")
        assert started["data"] == stopped["data"]
        assert started["data"] == {"conversationId": str(conversation.pk), "orderId": None, "userId": str(doer.pk)}
        assert "seq" not in started
        await his.send("TYPING_START", conversationId=conversation.pk)
        await hers.hear("TYPING_START")
        await his.send("TYPING_STOP", conversationId=conversation.pk)
        await hers.hear("TYPING_STOP")
        await hers.send("UNSUBSCRIBE_CHAT", conversationId=conversation.pk)
        await hers.ask("PING", "PONG")
        await his.send("TYPING_START", conversationId=conversation.pk)
        assert await hers.hears_nothing()
        assert await his.hears_nothing(during=0)


async def test_whoever_hangs_up_types_no_more() -> None:
    conversation, client, doer = await two_parties()
    async with phone(client) as hers:
        await hers.ask("SUBSCRIBE_CHAT", "SUBSCRIBED", conversationId=conversation.pk)
        async with phone(doer) as his:
            await his.send("TYPING_START", conversationId=conversation.pk)
            await hers.hear("TYPING_START")
        await hers.hear("TYPING_STOP")


async def test_what_other_apps_push_is_heard_by_its_user_alone() -> None:
    _conversation, client, doer = await two_parties()
    async with phone(client) as hers, phone(doer) as his:
        for event in ("ORDER_UPDATE", "NEW_APPLICATION", "APPLICATION_UPDATE", "NOTIFICATION"):
            await in_database(streams.push, user_ids=[client.pk], event=event, data={"id": event})
            frame = await hers.hear(event)
            assert frame["data"] == {"id": event}
        assert frame["seq"] == 4
        assert await his.hears_nothing()


async def test_after_a_cut_every_event_comes_again_in_order_and_once() -> None:
    conversation, client, doer = await two_parties()
    async with phone(client) as hers:
        await in_database(say, conversation, doer, "1")
        last = (await hers.hear("CHAT_MESSAGE"))["seq"]
    for text in ("2", "3", "4"):
        await in_database(say, conversation, doer, text)
    async with phone() as hers:
        answer = await hers.log_in(client)
        assert answer["data"]["seq"] == last + 3
        await in_database(say, conversation, doer, "5")
        await hers.send("RESUME", lastSeq=last)
        await in_database(say, conversation, doer, "6")
        heard = [await hers.hear("CHAT_MESSAGE") for _ in range(5)]
        assert [frame["data"]["text"] for frame in heard] == ["2", "3", "4", "5", "6"]
        assert [frame["seq"] for frame in heard] == [last + number for number in range(1, 6)]
        assert await hers.hears_nothing()
        await hers.send("RESUME", lastSeq=last + 4)
        assert (await hers.hear("CHAT_MESSAGE"))["data"]["text"] == "6"
        assert await hers.hears_nothing()


async def test_a_resume_that_takes_long_is_not_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    conversation, client, doer = await two_parties()
    last = 0
    look = commands.position

    def look_slowly(user: User) -> streams.Position:
        time.sleep(0.6)
        return look(user)

    await in_database(say, conversation, doer, "1")
    async with phone(application=socket_with(resume_seconds=0.2)) as hers:
        last = (await hers.log_in(client))["data"]["seq"]
        monkeypatch.setattr(commands, "position", look_slowly)
        await hers.send("RESUME", lastSeq=last - 1)
        await asyncio.sleep(0.3)
        await in_database(say, conversation, doer, "2")
        heard = [await hers.hear("CHAT_MESSAGE") for _ in range(2)]
        assert [frame["seq"] for frame in heard] == [last, last + 1]
        assert await hers.hears_nothing()


async def test_a_resume_that_is_refused_lets_the_stream_flow() -> None:
    user = await in_database(make_client)
    async with phone(user) as hers:
        await hers.ask("RESUME", "ERROR", lastSeq=-1)
        await in_database(streams.push, user_ids=[user.pk], event="NOTIFICATION", data={})
        await hers.hear("NOTIFICATION")


async def test_a_long_absence_is_made_up_for_in_order() -> None:
    user = await in_database(make_client)

    def push_many() -> None:
        for number in range(650):
            streams.push(user_ids=[user.pk], event="NOTIFICATION", data={"number": number})

    await in_database(push_many)
    async with phone(user) as hers:
        await hers.send("RESUME", lastSeq=0)
        heard = [await hers.hear("NOTIFICATION") for _ in range(650)]
        assert [frame["seq"] for frame in heard] == list(range(1, 651))
        assert await hers.hears_nothing()


async def test_what_is_no_longer_kept_cannot_be_resumed() -> None:
    user = await in_database(make_client)

    def push_and_trim() -> None:
        for _ in range(1_003):
            streams.push(user_ids=[user.pk], event="NOTIFICATION", data={})
        streams.trim(user.pk)

    await in_database(push_and_trim)
    async with phone(user) as hers:
        for too_old_or_unheard_of in (2, 1_004):
            answer = await hers.ask("RESUME", "RESET", lastSeq=too_old_or_unheard_of)
            assert answer["data"] == {"seq": 1_003}
        await in_database(streams.push, user_ids=[user.pk], event="NOTIFICATION", data={})
        assert (await hers.hear("NOTIFICATION"))["seq"] == 1_004


async def test_a_ring_that_was_lost_costs_a_moment_and_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    user = await in_database(make_client)
    async with phone(user) as hers:
        await hers.ask("PING", "PONG")
        with monkeypatch.context() as deaf:
            deaf.setattr(streams, "ring", lambda **_: None)
            for number in (1, 2):
                await in_database(streams.push, user_ids=[user.pk], event="NOTIFICATION", data={"number": number})
        heard = [await hers.hear("NOTIFICATION"), await hers.hear("NOTIFICATION")]
        assert [frame["data"]["number"] for frame in heard] == [1, 2]


async def test_two_devices_of_one_user_both_hear_and_see_what_the_other_sent() -> None:
    conversation, client, _doer = await two_parties()
    async with phone(client) as one, phone(client) as two:
        await one.send("CHAT_MESSAGE", ref="mine", conversationId=conversation.pk, text="Hello")
        assert (await one.hear("CHAT_MESSAGE"))["ref"] == "mine"
        assert "ref" not in await two.hear("CHAT_MESSAGE")


NONSENSE = (
    "",
    "{",
    "[]",
    '"x"',
    "null",
    '{"event": "NOPE"}',
    '{"event": 1}',
    '{"data": {}}',
    '{"event":"PING","event":"PING"}',
    "[" * 200 + "]" * 200,
    '{"event":"PING","data":{"a":NaN}}',
    '{"event":"PING","ref":"\\ud800"}',
)

WRONG_DATA: list[tuple[str, dict[str, Any], str]] = [
    ("CHAT_MESSAGE", {"text": "no conversation"}, "conversationId"),
    ("CHAT_MESSAGE", {"conversationId": "mine", "text": "x"}, "conversationId"),
    ("CHAT_MESSAGE", {"conversationId": str(uuid4()), "text": 5}, "text"),
    ("CHAT_MESSAGE", {"conversationId": str(uuid4()), "text": "x" * 4_001}, "text"),
    ("CHAT_MESSAGE", {"conversationId": str(uuid4()), "attachments": [str(uuid4())] * 11}, "attachments"),
    ("MESSAGE_READ", {"messageId": True}, "messageId"),
    ("RESUME", {"lastSeq": "1"}, "lastSeq"),
    ("RESUME", {"lastSeq": -1}, "lastSeq"),
    ("AUTHENTICATE", {"token": None}, "token"),
    ("PING", {"x": 1}, "x"),
]


async def test_nonsense_is_answered_and_the_socket_lives_on() -> None:
    user = await in_database(make_client)
    async with phone(user) as hers:
        for text in NONSENSE:
            await hers.send_text(text)
            assert (await hers.hear("ERROR"))["data"]["code"] == "malformed_request", text
        await hers.ask("PING", "PONG")


async def test_a_frame_with_wrong_data_is_refused_by_field() -> None:
    user = await in_database(make_client)
    async with phone(user) as hers:
        for event, data, field in WRONG_DATA:
            await hers.send(event, ref="r", **data)
            error = await hers.hear("ERROR")
            assert (error["data"]["code"], error["ref"]) == ("validation_error", "r"), event
            assert list(error["data"]["details"]) == [field]
        await hers.ask("PING", "PONG")


async def test_twenty_pieces_of_nonsense_in_a_minute_close_with_4400() -> None:
    user = await in_database(make_client)
    async with phone(user) as hers:
        for _ in range(20):
            await hers.send_text("nonsense")
        assert [(await hers.hear("ERROR"))["event"] for _ in range(20)] == ["ERROR"] * 20
        assert await hers.hear_close() == 4400


async def test_a_frame_over_64_kib_closes_with_1009() -> None:
    user = await in_database(make_client)
    async with phone(user) as hers:
        await hers.send_text(json.dumps({"event": "PING", "data": {}, "ref": "x" * 65_000}))
        await hers.hear("PONG")
        await hers.send_text(json.dumps({"event": "PING", "pad": "न" * 22_000}, ensure_ascii=False))
        assert await hers.hear_close() == 1009


async def test_a_session_that_ends_closes_its_sockets_with_4403_and_no_others() -> None:
    user = await in_database(make_client)
    async with phone(user) as one, phone(user) as two:
        first = await in_database(lambda: Session.objects.filter(user=user).order_by("created_at")[1])
        await in_database(end_session, session=first, reason="logged_out")
        assert await one.hear_close(within=2.0) == 4403
        await two.ask("PING", "PONG")


async def test_a_suspension_closes_and_then_leaves_reading_and_support() -> None:
    conversation, client, doer = await two_parties()
    message = await in_database(say, conversation, doer)
    support = await in_database(services.open_support, user=client)
    async with phone(client) as hers:
        await in_database(suspend_user, user=client, reason="Fraud")
        assert await hers.hear_close(within=2.0) == 4403
    async with phone(client) as hers:
        await hers.send("RESUME", lastSeq=0)
        assert (await hers.hear("CHAT_MESSAGE"))["data"]["messageId"] == str(message.pk)
        refused: list[tuple[str, dict[str, Any]]] = [
            ("CHAT_MESSAGE", {"conversationId": conversation.pk, "text": "Hello"}),
            ("MESSAGE_READ", {"messageId": message.pk}),
            ("TYPING_START", {"conversationId": conversation.pk}),
        ]
        for event, data in refused:
            assert (await hers.ask(event, "ERROR", **data))["data"]["code"] == "account_suspended"
        await hers.ask("CHAT_MESSAGE", "CHAT_MESSAGE", conversationId=support.pk, text="Why?")
    assert await in_database(lambda: Message.objects.filter(conversation=conversation).count()) == 1


async def test_a_token_that_expires_is_told_and_may_be_renewed(settings: Any) -> None:
    user = await in_database(make_client)
    renewed: list[Callable[[], None]] = []

    class Hasty(ChatSocket):
        expired_token_seconds = 1.5

        async def _do_authenticate(self, body: dict[str, Any], ref: Any) -> None:
            await super()._do_authenticate(body, ref)
            if not renewed:
                self.token_ends_at = self.clock()

    async with phone(application=Entrance(Hasty.serve)) as hers:
        await hers.log_in(user)
        assert (await hers.hear("ERROR"))["data"]["code"] == "token_expired"
        assert (await hers.ask("RESUME", "ERROR", lastSeq=0))["data"]["code"] == "token_expired"
        renewed.append(lambda: None)
        await hers.log_in(user)
        assert await hers.hears_nothing(during=2.0)
    renewed.clear()
    async with phone(application=Entrance(Hasty.serve)) as hers:
        await hers.log_in(user)
        assert await hers.hear_close(within=5.0) == 4401


async def test_nobody_becomes_somebody_else_on_an_open_socket() -> None:
    user, other = await in_database(make_client), await in_database(make_client)
    async with phone(user) as hers:
        token = await in_database(bearer, other)
        error = await hers.ask("AUTHENTICATE", "ERROR", token=token)
        assert error["data"]["code"] == "not_authenticated"
        assert await hers.hear_close() == 4401


async def test_the_server_pings_the_silent_and_then_closes_with_4409() -> None:
    user = await in_database(make_client)
    hasty = socket_with(ping_after_seconds=0.5, close_after_seconds=2.5)
    async with phone(user, application=hasty) as hers:
        await hers.hear("PING")
        await hers.send("PONG")
        await hers.hear("PING")
        assert await hers.hear_close(within=5.0) == 4409


async def test_the_eleventh_socket_closes_the_first_with_4408() -> None:
    user = await in_database(make_client)
    hasty = socket_with(most_sockets=2)
    async with (
        phone(user, application=hasty) as one,
        phone(user, application=hasty) as two,
        phone(user, application=hasty) as three,
    ):
        assert await one.hear_close() == 4408
        await two.ask("PING", "PONG")
        await three.ask("PING", "PONG")


@pytest.mark.usefixtures("limits_on")
async def test_the_twenty_first_message_in_ten_seconds_is_not_stored() -> None:
    conversation, _client, doer = await two_parties()
    async with phone(doer) as his:
        for number in range(20):
            await his.ask("CHAT_MESSAGE", "CHAT_MESSAGE", conversationId=conversation.pk, text=str(number))
        error = await his.ask("CHAT_MESSAGE", "ERROR", conversationId=conversation.pk, text="too much")
        assert error["data"]["code"] == "rate_limited"
    assert await in_database(Message.objects.count) == 20


@pytest.mark.usefixtures("limits_on")
async def test_the_sixty_first_frame_in_ten_seconds_of_a_user_is_refused() -> None:
    user = await in_database(make_client)
    async with phone(user) as one, phone(user) as two:
        for number in range(60):
            await (one, two)[number % 2].ask("PING", "PONG")
        await one.send("PING", ref="r")
        error = await one.hear("ERROR")
        assert (error["data"]["code"], error["ref"]) == ("rate_limited", "r")


async def test_without_the_cache_sockets_are_closed_with_1013_and_sending_still_stores(settings: Any) -> None:
    conversation, client, doer = await two_parties()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    caller = Phone()
    assert await caller.open()
    assert await caller.hear_close(within=5.0) == 1013
    await caller.hang_up()
    await in_database(say, conversation, doer)
    assert await streams.last_numbers([client.pk]) == {client.pk: 1}


async def test_refusals_are_in_the_language_that_the_handshake_asks_for() -> None:
    conversation, client, _doer = await two_parties()
    asks_for_hindi = [(b"host", b"testserver"), (b"accept-language", b"hi-IN,en;q=0.5")]
    async with phone(headers=asks_for_hindi) as hindi, phone() as english:
        early = await hindi.ask("SUBSCRIBE_CHAT", "ERROR", conversationId=conversation.pk)
        assert early["data"] == {"code": "not_authenticated", "message": "कृपया लॉग इन करें।"}
        for user in (hindi, english):
            await user.log_in(client)
        said: dict[str, list[str]] = {"hi": [], "en": []}
        for text in ("", "x" * 4_001):
            for language, user in (("hi", hindi), ("en", english)):
                error = await user.ask("CHAT_MESSAGE", "ERROR", conversationId=conversation.pk, text=text)
                said[language] += error["data"]["details"]["text"]
    assert said["hi"] == ["कुछ लिखें।", "इसमें ज़्यादा से ज़्यादा 4000 अक्षर हो सकते हैं।"]
    assert said["en"] == ["Say something.", "Ensure this field has no more than 4000 characters."]


async def test_so_is_word_of_a_token_that_has_expired_which_nobody_asked_for() -> None:
    user = await in_database(make_client)

    class Hasty(ChatSocket):
        async def _do_authenticate(self, body: dict[str, Any], ref: Any) -> None:
            await super()._do_authenticate(body, ref)
            self.token_ends_at = self.clock()

    asks_for_hindi = [(b"host", b"testserver"), (b"accept-language", b"hi")]
    async with phone(), phone(application=Entrance(Hasty.serve), headers=asks_for_hindi) as hindi:
        await hindi.log_in(user)
        error = await hindi.hear("ERROR")
        assert error["data"] == {"code": "token_expired", "message": "आपके लॉग इन का समय पूरा हो गया है।"}
