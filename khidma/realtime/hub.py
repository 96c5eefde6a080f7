"""The hub of one process: every open socket of it, one ear at the doorbell, and a look at the table each second."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, ClassVar, NoReturn, Self
from uuid import UUID
from weakref import WeakKeyDictionary

import redis.asyncio as valkey
import structlog
from django.conf import settings
from django.db import DatabaseError
from prometheus_client import Gauge
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from khidma.realtime import streams
from khidma.realtime.database import hang_up
from khidma.realtime.doorbell import CHANNEL, Ring, decode, encode
from khidma.realtime.line import CACHE_LOST, DATABASE_LOST, Frame, Line

SILENCE = 2.0
GRACE = 1.5
DATABASE_GRACE = 3.0
LOOK_EVERY = 1.0
LOOKED_AT_ONCE = 50
"""Lines that one look takes; a look at a thousand would hold every frame up for a seventh of a second."""

open_sockets = Gauge("khidma_open_sockets", "Sockets open now.", multiprocess_mode="livesum")

log = structlog.get_logger(__name__)


class Hub:
    """Hands events to the lines of this process. It runs while it has lines, on the event loop that asked for it.

    The doorbell is for speed only: what it drops, the looks at the table find within two seconds. When the doorbell
    cannot be heard, or the table not be read, for longer than a moment, every line is closed; clients resume later.
    """

    _hubs: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, "dict[type[Hub], Hub]"]] = WeakKeyDictionary()

    @classmethod
    def here(cls) -> Self:
        """The hub of this kind on the running event loop."""
        hubs = cls._hubs.setdefault(asyncio.get_running_loop(), {})
        hub = hubs.setdefault(cls, cls())
        assert isinstance(hub, cls)
        return hub

    def __init__(self) -> None:
        self.lines: dict[Line, None] = {}
        self._by_user: defaultdict[UUID, dict[Line, None]] = defaultdict(dict)
        self._hearing = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._to_ring: list[Ring] = []
        self._ringing: asyncio.Task[None] | None = None
        self._valkey: valkey.Redis | None = None
        self._database_lost_at: float | None = None

    def join(self, line: Line) -> None:
        """Take a line in; nobody is known to be at its end yet."""
        self.lines[line] = None
        open_sockets.inc()
        if not self._tasks:
            self._hearing = asyncio.Event()
            self._database_lost_at = None
            self._valkey = valkey.Redis.from_url(
                settings.REDIS_URL, socket_timeout=SILENCE, socket_connect_timeout=SILENCE, retry=Retry(NoBackoff(), 0)
            )
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look())]

    async def hears(self) -> bool:
        """Whether the doorbell is heard, waiting a moment for it."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hearing.wait(), SILENCE)
        return self._hearing.is_set()

    def attach(self, line: Line, user_id: UUID) -> list[Line]:
        """Deliver this user's stream to the line; returns all lines of the user that are not closing, oldest first."""
        self._by_user[user_id][line] = None
        return [mine for mine in self._by_user[user_id] if mine.closed_with is None]

    async def leave(self, line: Line) -> None:
        """Forget a line. The last one turns off the light."""
        if line in self.lines:
            del self.lines[line]
            open_sockets.dec()
        if line.user_id is not None:
            mine = self._by_user.get(line.user_id, {})
            mine.pop(line, None)
            if not mine:
                self._by_user.pop(line.user_id, None)
        if not self.lines:
            await self._stop()

    def ring(self, *rings: Ring) -> None:
        """Ring the doorbell from the event loop: at once, or with what comes while it is being rung.

        A failure loses just these rings: those with numbers, the looks make up for.
        """
        if self._valkey is None:
            return
        self._to_ring += rings
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring(self._valkey))

    async def inspect(self, lines: Sequence[Line]) -> None:
        """Called with the look at these lines; for what else may end one."""

    def shut_all(self, code: int) -> None:
        """Close every line with this code."""
        for line in list(self.lines):
            line.shut(code)

    def deliver(self, ring: Ring) -> None:
        """Hand one ring to the lines it concerns."""
        for user_id, seq in ring.numbers.items():
            self._offer(self._by_user.get(user_id, {}), Frame(ring.event, ring.data, seq))
        for user_id in ring.passing_to:
            frame = Frame(ring.event, ring.data)
            for line in list(self._by_user.get(user_id, {})):
                if ring.topic in line.topics:
                    line.say(frame)

    @staticmethod
    def _offer(lines: Iterable[Line], frame: Frame) -> None:
        for line in list(lines):
            line.offer(frame)

    async def _ring(self, client: valkey.Redis) -> None:
        while self._to_ring:
            rings, self._to_ring = self._to_ring, []
            try:
                await client.publish(CHANNEL, encode(rings))
            except RedisError as error:
                log.warning("doorbell_failed", error=type(error).__name__)

    async def _stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        client, self._valkey = self._valkey, None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._ringing is not None:
            await self._ringing
        if client is not None:
            await client.aclose()
        if not self.lines:
            await hang_up()

    async def _listen(self) -> None:
        """Hear the doorbell, and come back to it when it was lost; past the grace every line is closed."""
        clock = asyncio.get_running_loop().time
        lost_at: float | None = None
        while True:
            try:
                await self._hear()
            except Exception as error:
                if self._hearing.is_set() or lost_at is None:
                    lost_at = clock()
                    is_expected = isinstance(error, RedisError | OSError)
                    log.warning("doorbell_lost", error=type(error).__name__, exc_info=not is_expected)
                self._hearing.clear()
            if clock() - lost_at > GRACE:
                self.shut_all(CACHE_LOST)
            await asyncio.sleep(0.2)

    async def _hear(self) -> NoReturn:
        """Listen until the connection fails. :raises TimeoutError: not even a ping was answered."""
        assert self._valkey is not None
        async with self._valkey.pubsub() as ear:
            await ear.subscribe(CHANNEL)
            asked = False
            while True:
                message = await ear.get_message(timeout=SILENCE)
                if message is None:
                    if asked:
                        raise TimeoutError
                    await ear.ping()
                asked = message is None
                if message is not None:
                    self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._hearing.set()
        elif message["type"] == "message":
            try:
                for ring in decode(message["data"]):
                    self.deliver(ring)
            except (ValueError, KeyError, TypeError, AttributeError):
                log.exception("doorbell_not_understood")

    async def _look(self) -> None:
        """Look at every line once a second, a part of them at a time, so that no frame waits for a look at all."""
        while True:
            lines = list(self.lines)
            for part in batched(lines, LOOKED_AT_ONCE):
                await self._look_at(part)
                await asyncio.sleep(LOOK_EVERY * len(part) / len(lines))
            if not lines:
                await asyncio.sleep(LOOK_EVERY)

    async def _look_at(self, lines: Sequence[Line]) -> None:
        """Let these lines keep their times, and see whether the table holds more than they heard."""
        clock = asyncio.get_running_loop().time
        try:
            for line in lines:
                line.mind_progress(clock())
                line.on_tick(clock())
            await self._compare(lines)
            await self.inspect(lines)
            self._database_lost_at = None
        except DatabaseError as error:
            self._database_lost_at = self._database_lost_at or clock()
            log.warning("hub_cannot_look", error=type(error).__name__)
            if clock() - self._database_lost_at > DATABASE_GRACE:
                self.shut_all(DATABASE_LOST)
        except Exception:
            log.exception("hub_look_failed")

    async def _compare(self, lines: Sequence[Line]) -> None:
        known = [(line, line.user_id) for line in lines if line.user_id is not None]
        if not known:
            return
        numbers = await streams.last_numbers({user_id for _line, user_id in known})
        for line, user_id in known:
            if user_id in numbers:
                line.hear_of(numbers[user_id])


def batched(lines: Sequence[Line], size: int) -> Iterator[Sequence[Line]]:
    """The lines in order, so many at a time."""
    for start in range(0, len(lines), size):
        yield lines[start : start + size]
