"""One connection of one client: its frames in, its user's stream out, and the times it has to keep."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import override

from accounts.errors import TokenExpired
from accounts.tokens import Caller
from khidma.kernel.errors import KhidmaError, TooMany, Unauthenticated, Unavailable
from khidma.kernel.ids import new_id
from khidma.realtime.database import in_database
from khidma.realtime.doorbell import passing
from khidma.realtime.line import CACHE_LOST, DATABASE_LOST, Frame, Line
from messaging.consumers import commands
from messaging.consumers.entrance import TOKEN, chosen_protocol, language_of
from messaging.consumers.frames import Command, NotUnderstood, error_frame, is_too_large, read_command
from messaging.consumers.hub import ChatHub

TOO_MUCH_NONSENSE, NOT_AUTHENTICATED, TOO_MANY_SOCKETS, SILENT, TOO_LARGE = 4400, 4401, 4408, 4409, 1009

log = structlog.get_logger(__name__)


class ChatSocket:
    """Handles the frames of one client one after the other; the hub's tick keeps its times."""

    authentication_seconds = 10.0
    expired_token_seconds = 30.0
    ping_after_seconds = 25.0
    close_after_seconds = 60.0
    typing_seconds = 6.0
    resume_seconds = 0.5
    most_sockets = 10
    most_nonsense, nonsense_seconds = 20, 60.0

    def __init__(self, scope: dict[str, Any], send: Any) -> None:
        self.scope, self._send, self.language = scope, send, language_of(scope)
        self.clock = asyncio.get_running_loop().time
        self.opened_at = self.heard_at = self.clock()
        self.pinged = False
        self.release: asyncio.TimerHandle | None = None
        self.caller: Caller | None = None
        self.token_ends_at: float | None = None
        self.expiry_told_at: float | None = None
        self.nonsense: deque[float] = deque(maxlen=self.most_nonsense)
        self.typing: dict[UUID, tuple[float, commands.Typing]] = {}
        self.hub = ChatHub.here()
        self.line = Line(send=self._send_text, close=self._close, on_tick=self.tick)
        self.tasks: set[asyncio.Task[None]] = set()

    # The connection ----------------------------------------------------------------------------------------------

    @classmethod
    async def serve(cls, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The application, as the server calls it for each connection."""
        await cls(scope, send)._live(receive)

    async def _live(self, receive: Any) -> None:
        try:
            with override(self.language):
                while (message := await receive())["type"] != "websocket.disconnect":
                    if message["type"] == "websocket.connect":
                        await self._open()
                    else:
                        await self._receive(message.get("text"))
        finally:
            await self._clean_up()

    async def _open(self) -> None:
        """Let everybody in that the entrance let through; who it is may come with the handshake."""
        await self._send({"type": "websocket.accept", "subprotocol": chosen_protocol(self.scope)})
        self.hub.join(self.line)
        self._begin(self.line.run())
        if not await self.hub.hears():
            self.line.shut(CACHE_LOST, after_queue=True)
        elif token := self.scope.get(TOKEN):
            await self._perform(Command("AUTHENTICATE", {"token": token}))

    async def _receive(self, text_data: str | None) -> None:
        """One frame; one that is not text has none."""
        self.heard_at, self.pinged = self.clock(), False
        if self.line.closed_with is not None:
            return
        if text_data is not None and is_too_large(text_data):
            self.line.shut(TOO_LARGE, after_queue=True)
            return
        if not self._may_send():
            self.line.say(error_frame(TooMany(), _ref_of(text_data)))
            return
        try:
            command = read_command(text_data)
        except NotUnderstood as error:
            self._complain(error)
            return
        if self.release is not None and command.event != "AUTHENTICATE":
            self.release.cancel()  # a resume that takes long must not be overtaken
        await self._perform(command)
        if command.event != "AUTHENTICATE":
            self.line.release()

    async def _send_text(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    async def _close(self, code: int) -> None:
        with suppress(RuntimeError, OSError):  # the client was quicker
            await self._send({"type": "websocket.close", "code": code})

    async def _clean_up(self) -> None:
        for _deadline, typing in self.typing.values():
            self._tell_typing("TYPING_STOP", typing)
        await self.hub.leave(self.line)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.info("socket_task_failed", error=type(task.exception()).__name__)
            self.line.shut(1011)

    # Limits ------------------------------------------------------------------------------------------------------

    def _may_send(self) -> bool:
        key = self.caller.user.pk if self.caller else self.line
        return not settings.KHIDMA_LIMITS or self.hub.frames.allows(key, self.clock())

    def _complain(self, error: NotUnderstood) -> None:
        """Answer nonsense; too much of it ends the connection."""
        self.line.say(error_frame(error, error.ref))
        self.nonsense.append(self.clock())
        if len(self.nonsense) == self.most_nonsense and self.nonsense[0] > self.clock() - self.nonsense_seconds:
            self.line.shut(TOO_MUCH_NONSENSE, after_queue=True)

    # Time --------------------------------------------------------------------------------------------------------

    def tick(self, at: float) -> None:
        """Called each second."""
        if self.caller is None and at - self.opened_at >= self.authentication_seconds:
            self.line.shut(NOT_AUTHENTICATED, after_queue=True)
        self._tick_token(at)
        self._tick_silence(at)
        for chat, (deadline, typing) in list(self.typing.items()):
            if at >= deadline:
                del self.typing[chat]
                self._tell_typing("TYPING_STOP", typing)

    def _tick_token(self, at: float) -> None:
        if self.token_ends_at is None or at < self.token_ends_at:
            return
        if self.expiry_told_at is None:
            self.expiry_told_at = at
            with override(self.language):  # the hub's tick has none
                self.line.say(error_frame(TokenExpired()))
        elif at - self.expiry_told_at >= self.expired_token_seconds:
            self.line.shut(NOT_AUTHENTICATED, after_queue=True)

    def _tick_silence(self, at: float) -> None:
        silence = at - self.heard_at
        if silence >= self.close_after_seconds:
            self.line.shut(SILENT)
        elif silence >= self.ping_after_seconds and not self.pinged:
            self.pinged = True
            self.line.say(Frame("PING", {}))

    # Commands ----------------------------------------------------------------------------------------------------

    async def _perform(self, command: Command) -> None:
        """Do what the frame asks. A refusal is an answer; without the database nobody gets in."""
        try:
            body = command.body()
            if command.event not in ("AUTHENTICATE", "PING", "PONG"):
                self._require_good_token()
            await getattr(self, f"_do_{command.event.lower()}")(body, command.ref)
        except KhidmaError as error:
            self.line.say(error_frame(error, command.ref))
        except DatabaseError as error:
            log.warning("socket_command_without_database", error=type(error).__name__)
            self.line.say(error_frame(Unavailable(), command.ref))
            if self.caller is None:
                self.line.shut(DATABASE_LOST, after_queue=True)
        except Exception:
            log.exception("socket_command_failed", event_name=command.event)
            self.line.say(error_frame(KhidmaError(), command.ref))

    def _require_good_token(self) -> None:
        if self.caller is None:
            raise Unauthenticated
        if self.expiry_told_at is not None:
            raise TokenExpired

    @property
    def known(self) -> Caller:
        """Who is at the other end. :raises Unauthenticated: nobody knows."""
        if self.caller is None:
            raise Unauthenticated
        return self.caller

    async def _do_authenticate(self, body: dict[str, Any], ref: Any) -> None:
        try:
            admission = await in_database(commands.admit, body["token"])
            if self.caller is not None and self.caller.user.pk != admission.caller.user.pk:
                raise Unauthenticated
        except Unauthenticated as error:
            self.line.say(error_frame(Unauthenticated(error.message), ref))
            self.line.shut(NOT_AUTHENTICATED, after_queue=True)
            return
        is_first = self.caller is None
        self.caller, self.expiry_told_at = admission.caller, None
        self.token_ends_at = self.clock() + admission.seconds_left
        self.hub.callers[self.line] = self.caller
        if is_first:
            self._take_place(self.caller.user.pk)
        position = await in_database(commands.position, self.caller.user)
        self.line.say(Frame("AUTHENTICATED", {"userId": str(self.caller.user.pk), "seq": position.last_seq}, ref=ref))
        if is_first:
            self.line.start(user_id=self.caller.user.pk, seq=position.last_seq)
            self.release = asyncio.get_running_loop().call_later(self.resume_seconds, self.line.release)

    def _take_place(self, user_id: UUID) -> None:
        self.line.user_id = user_id
        lines = self.hub.attach(self.line, user_id)
        for line in lines[: -self.most_sockets]:
            line.shut(TOO_MANY_SOCKETS)

    async def _do_resume(self, body: dict[str, Any], ref: Any) -> None:
        position = await in_database(commands.position, self.known.user)
        if position.can_resume(body["last_seq"]):
            self.line.resume(body["last_seq"])
        else:
            self.line.say(Frame("RESET", {"seq": position.last_seq}, ref=ref))
            self.line.resume(position.last_seq)

    async def _do_subscribe_chat(self, body: dict[str, Any], ref: Any) -> None:
        conversation = await in_database(commands.find_chat, self.known.user, body["name"])
        self.line.topics.add(conversation.pk)
        self.line.say(Frame("SUBSCRIBED", commands.chat_name(conversation), ref=ref))

    async def _do_unsubscribe_chat(self, body: dict[str, Any], ref: Any) -> None:
        conversation = await in_database(commands.find_chat, self.known.user, body["name"])
        self.line.topics.discard(conversation.pk)

    async def _do_chat_message(self, body: dict[str, Any], ref: Any) -> None:
        message_id = new_id()
        expected = f"CHAT_MESSAGE {message_id}"
        self.line.expect(expected, ref)
        said = None
        try:
            said = await commands.say(self.known.user, body, message_id)
            self.hub.ring(*said.rings)
        finally:
            if said is None or not said.is_new:
                self.line.expect(expected, None)
        if not said.is_new:
            self.line.say(Frame("CHAT_MESSAGE", said.data, ref=ref))

    async def _do_message_read(self, body: dict[str, Any], ref: Any) -> None:
        expected = f"MESSAGE_READ {body['message_id']}"
        self.line.expect(expected, ref)
        said = None
        try:
            said = await in_database(commands.read, self.known.user, body["message_id"])
        finally:
            if said is None or not said.is_new:
                self.line.expect(expected, None)
        if not said.is_new:
            self.line.say(Frame("MESSAGE_READ", said.data, ref=ref))

    async def _do_typing_start(self, body: dict[str, Any], ref: Any) -> None:
        typing = await in_database(commands.type_in, self.known.user, body["name"])
        self.typing[typing.conversation_id] = (self.clock() + self.typing_seconds, typing)
        self._tell_typing("TYPING_START", typing)

    async def _do_typing_stop(self, body: dict[str, Any], ref: Any) -> None:
        typing = await in_database(commands.type_in, self.known.user, body["name"])
        self.typing.pop(typing.conversation_id, None)
        self._tell_typing("TYPING_STOP", typing)

    def _tell_typing(self, event: str, typing: commands.Typing) -> None:
        ring = passing(to=typing.others, topic=typing.conversation_id, event=event, data=typing.data)
        self.hub.ring(ring)

    async def _do_ping(self, body: dict[str, Any], ref: Any) -> None:
        self.line.say(Frame("PONG", {}, ref=ref))

    async def _do_pong(self, body: dict[str, Any], ref: Any) -> None:
        """Having been heard is enough."""


def _ref_of(text: str | None) -> str | int | None:
    """The `ref` of a frame that is refused unread, where there is one."""
    try:
        return read_command(text).ref
    except NotUnderstood as error:
        return error.ref
