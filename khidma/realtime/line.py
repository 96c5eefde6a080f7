"""One open socket's way out: its frames in order, and its user's stream without gap or repetition."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import DatabaseError

from khidma.realtime import streams
from khidma.realtime.database import in_database

MOST_WAITING = 256
MOST_BYTES = 64 * 1024
"""What a line keeps of its stream in memory; the rest of it waits in the table."""
PAUSE = 1.0
STUCK = 5.0

TOO_SLOW = 4410
DATABASE_LOST = 1012
CACHE_LOST = 1013

Send = Callable[[str], Coroutine[Any, Any, None]]
Close = Callable[[int], Coroutine[Any, Any, None]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Frame:
    """One frame to the client; those of the user's stream carry their number."""

    event: str
    data: dict[str, Any]
    seq: int | None = None
    ref: Any = None

    @cached_property
    def text(self) -> str:
        """The frame as it goes over the wire; encoded once for all sockets of a user."""
        body: dict[str, Any] = {"event": self.event, "data": self.data}
        if self.seq is not None:
            body["seq"] = self.seq
        if self.ref is not None:
            body["ref"] = self.ref
        return orjson.dumps(body).decode()


class Line:
    """What the hub knows of a socket. Every method but `run` returns at once; `run` writes, one frame after the other.

    Live events are queued when they follow the last one without a gap. Anything else (a gap, a resume, a client that
    leaves them waiting) makes `run` read the table until it has caught up, a little at a time, at the client's pace.
    """

    def __init__(
        self,
        *,
        send: Send,
        close: Close,
        on_tick: Callable[[float], None],
    ) -> None:
        self.user_id: UUID | None = None
        self.topics: set[UUID] = set()
        self._expected: dict[str, Any] = {}
        self.on_tick = on_tick
        self.closed_with: int | None = None
        self._send = send
        self._close = close
        self._waiting: deque[Frame] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._cursor: int | None = None
        self._seen = 0
        self._writing_since: float | None = None
        self._behind = False
        self._is_slow = False
        self._held = False
        self._reading = False
        self._closing: asyncio.Task[None] | None = None

    def say(self, frame: Frame) -> None:
        """Send a frame that is not of the stream."""
        self._queue(frame)

    def expect(self, event: str, ref: Any) -> None:
        """The stream brings this event ("EVENT messageId") in answer to a frame with this `ref`; None: it does not."""
        self._expected.pop(event, None)
        if ref is not None:
            self._expected[event] = ref

    def start(self, *, user_id: UUID, seq: int) -> None:
        """Send the stream from the number after `seq`, but wait for `release`: a resume may come first."""
        self.user_id, self._cursor, self._held, self._behind = user_id, seq, True, True

    def release(self) -> None:
        """Let the stream flow."""
        if self._held:
            self._held = False
            self._wake.set()

    def resume(self, after: int) -> None:
        """Send every event after this number again, then go on live."""
        self._waiting = deque(frame for frame in self._waiting if frame.seq is None)
        self._waiting_bytes, self._is_slow = 0, False
        self._cursor, self._behind, self._held = after, True, False
        self._wake.set()

    def offer(self, frame: Frame) -> None:
        """A numbered event of this user's stream, as the doorbell brought it."""
        if self._cursor is None or frame.seq is None or frame.seq <= self._cursor:
            return
        self._is_slow = self._is_slow or self._waiting_bytes > MOST_BYTES
        if self._behind or self._reading or frame.seq != self._cursor + 1 or self._is_slow:
            self._behind = True
            self._wake.set()
            if self._is_slow and len(self._waiting) + frame.seq - self._cursor > MOST_WAITING:
                self.shut(TOO_SLOW)
            return
        self._cursor = frame.seq
        self._waiting_bytes += len(frame.text)
        self._queue(frame)

    def hear_of(self, last_seq: int) -> None:
        """The table holds events up to this number: read what the doorbell did not bring since the last look."""
        if self._cursor is not None and self._seen > self._cursor:
            self._behind = True
            self._wake.set()
        self._seen = last_seq

    def mind_progress(self, at: float) -> None:
        """Close a line that has been stuck in one frame with too many behind it, in the queue or still in the table."""
        if self._writing_since is None or at - self._writing_since < STUCK:
            return
        unread = max(0, self._seen - self._cursor) if self._cursor is not None else 0
        if len(self._waiting) + unread > MOST_WAITING:
            self.shut(TOO_SLOW)

    def shut(self, code: int, *, after_queue: bool = False) -> None:
        """Close with this code; `after_queue` lets what is waiting go out first."""
        if self.closed_with is not None:
            return
        self.closed_with = code
        if after_queue:
            self._wake.set()
        else:
            self._waiting.clear()
            self._waiting_bytes = 0
            self._closing = asyncio.create_task(self._close(code))

    async def run(self) -> None:
        """Write until the socket is closed."""
        while True:
            await self._flush()
            if self.closed_with is not None:
                if self._closing is None:
                    await self._close(self.closed_with)
                return
            if self._behind and not self._held:
                await self._try_to_catch_up()
                continue
            self._wake.clear()
            if not self._waiting:
                await self._wake.wait()

    def _queue(self, frame: Frame) -> None:
        if self.closed_with is not None:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.shut(TOO_SLOW)
            return
        self._waiting.append(frame)
        self._wake.set()

    async def _flush(self) -> None:
        while self._waiting:
            frame = self._waiting.popleft()
            if frame.seq is not None:
                self._waiting_bytes -= len(frame.text)
            await self._write(frame)

    async def _write(self, frame: Frame) -> None:
        ref = self._expected.pop(f"{frame.event} {frame.data.get('messageId')}", None) if self._expected else None
        text = (frame if ref is None else replace(frame, ref=ref)).text
        self._writing_since = asyncio.get_running_loop().time()
        await self._send(text)
        self._writing_since = None

    async def _try_to_catch_up(self) -> None:
        """Without the database, try again in a moment; the hub decides when it is lost for good."""
        try:
            await self._catch_up()
        except DatabaseError as error:
            log.warning("line_cannot_catch_up", error=type(error).__name__)
            self._behind = True
            await asyncio.sleep(PAUSE)

    async def _catch_up(self) -> None:
        """Read and send the next few after the cursor; `_behind` stays set until there are none."""
        assert self.user_id is not None
        assert self._cursor is not None
        start = self._cursor
        self._behind, self._reading = False, True
        try:
            events = await in_database(streams.read_a_few_after, self.user_id, start, most_bytes=MOST_BYTES)
            if self._cursor != start:
                self._behind = True
                return
            if events and events[0].seq != start + 1:
                await self._reset()
                return
            for event in events:
                if self.closed_with is not None or self._cursor != event.seq - 1:
                    return
                self._cursor = event.seq
                await self._write(Frame(event.event, event.data, event.seq))
            self._behind = self._behind or bool(events)
            self._is_slow = self._is_slow and self._behind
        finally:
            self._reading = False

    async def _reset(self) -> None:
        """What comes next is no longer kept: the client has to load afresh."""
        assert self.user_id is not None
        position = await in_database(streams.position_of, self.user_id)
        self._cursor = position.last_seq
        await self._write(Frame("RESET", {"seq": position.last_seq}))
