"""Long polling: the stream for clients without a socket, read from the same table."""

import time
from dataclasses import dataclass
from threading import BoundedSemaphore
from uuid import UUID

from django.db import connection

from khidma.realtime import streams
from khidma.realtime.models import StreamEvent

LOOK_EVERY = 0.5
MOST_WAITING = 32

_seats = BoundedSemaphore(MOST_WAITING)


@dataclass(frozen=True)
class News:
    """What came after a number: events in order, up to `seq`; `is_reset` when some of them are no longer kept."""

    events: list[StreamEvent]
    seq: int
    is_reset: bool = False


def news(*, user_id: UUID, after: int | None, wait: float = 0) -> News:
    """The events after a number, waiting for the first so many seconds; without a number, where the stream stands now.

    Waiting holds a thread but no connection. When too many wait already, the answer comes at once.
    """
    if after is None:
        return News([], streams.position_of(user_id).last_seq)
    found = _read(user_id, after)
    if found.events or found.is_reset or not wait or not _seats.acquire(blocking=False):
        return found
    try:
        return _await(user_id, after, until=time.monotonic() + wait)
    finally:
        _seats.release()


def _await(user_id: UUID, after: int, *, until: float) -> News:
    while True:
        found = _read(user_id, after)
        pause = min(LOOK_EVERY, until - time.monotonic())
        if found.events or found.is_reset or pause <= 0:
            return found
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(pause)


def _read(user_id: UUID, after: int) -> News:
    position = streams.position_of(user_id)
    if not position.can_resume(after):
        return News([], position.last_seq, is_reset=True)
    events = streams.read_after(user_id, after) if position.last_seq > after else []
    return News(events, events[-1].seq if events else after)
