"""Writing to users' streams and reading from them: the table is the truth, the doorbell only wakes the listeners."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import F, Max

from khidma.kernel.clock import now
from khidma.realtime import doorbell
from khidma.realtime.database import fetch
from khidma.realtime.models import StreamEvent, StreamPosition

KEPT_FOR = timedelta(days=7)
KEPT_EVENTS = 1_000

_renewals: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}

_PUSH = "SELECT user_id, seq FROM realtime_push(%s::uuid[], %s, %s::jsonb, %s::jsonb)"
_LAST_NUMBERS = "SELECT user_id, last_seq FROM realtime_streamposition WHERE user_id = ANY (%s::uuid[])"
_READ_A_FEW = """
    SELECT id, user_id, seq, event, data, created_at
    FROM (
        SELECT *, sum(octet_length(data::text)) OVER (ORDER BY seq) - octet_length(data::text) AS before
        FROM realtime_streamevent WHERE user_id = %s AND seq > %s ORDER BY seq LIMIT 100
    ) AS next
    WHERE before < %s ORDER BY seq
"""


@dataclass(frozen=True)
class Position:
    """Where a stream stands: the newest number, and the number up to which events are gone."""

    last_seq: int
    trimmed_to: int

    def can_resume(self, after: int) -> bool:
        """Whether every event after this number is to be kept; the sweep that drops the others may be late."""
        return max(self.trimmed_to, self.last_seq - KEPT_EVENTS) <= after <= self.last_seq


def push(
    *, user_ids: Iterable[UUID], event: str, data: dict[str, Any], own: Mapping[UUID, dict[str, Any]] | None = None
) -> dict[UUID, int]:
    """Write one event to the stream of each user, in the caller's transaction, and ring after commit.

    The positions are locked in the order of the ids and stay locked until the transaction ends: push last, and once for
    all who hear the same. Two pushes in one transaction may deadlock with the same two in the other order.
    `data` goes over the wire as it is (camelCase); `own` is what one of the users alone is told besides.
    Returns the number that each user's event got.
    """
    users = sorted(set(user_ids))
    if not users:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PUSH, [users, event, orjson.dumps(data).decode(), as_own(own)])
        numbers: dict[UUID, int] = dict(cursor.fetchall())
    ring_after_commit(event=event, data=data, numbers=numbers, own=own)
    return numbers


def as_own(own: Mapping[UUID, dict[str, Any]] | None) -> str:
    """What single users are told besides, as `realtime_push` takes it."""
    return orjson.dumps({str(user_id): more for user_id, more in own.items()}).decode() if own else "{}"


def ring_after_commit(
    *,
    event: str,
    data: dict[str, Any],
    numbers: dict[UUID, int],
    own: Mapping[UUID, dict[str, Any]] | None = None,
) -> None:
    """Tell every process, once this transaction is committed, of events that `realtime_push` has put into the table."""
    transaction.on_commit(partial(ring, event=event, data=data, numbers=numbers, own=own or {}), robust=True)


def ring(
    *, event: str, data: dict[str, Any], numbers: dict[UUID, int], own: Mapping[UUID, dict[str, Any]] | None = None
) -> None:
    """Tell every process that these events are in the table; a failure is logged and made up for by the listeners."""
    doorbell.publish(*rings_of(event=event, data=data, numbers=numbers, own=own or {}))


def rings_of(
    *, event: str, data: dict[str, Any], numbers: dict[UUID, int], own: Mapping[UUID, dict[str, Any]]
) -> list[doorbell.Ring]:
    """One ring for all who are told the same, and one for each who is told more."""
    rest = {user_id: seq for user_id, seq in numbers.items() if user_id not in own}
    alone = [
        doorbell.Ring(event=event, data=data | more, numbers={user_id: numbers[user_id]})
        for user_id, more in own.items()
        if user_id in numbers
    ]
    return [*([doorbell.Ring(event=event, data=data, numbers=rest)] if rest else []), *alone]


def position_of(user_id: UUID) -> Position:
    """Where this user's stream stands; a stream that never had an event stands at 0."""
    row = StreamPosition.objects.filter(user_id=user_id).values_list("last_seq", "trimmed_to").first()
    return Position(*row) if row else Position(0, 0)


async def last_numbers(user_ids: Collection[UUID]) -> dict[UUID, int]:
    """The newest number of each stream; users without one are left out."""
    rows = await fetch(_LAST_NUMBERS, [list(user_ids)])
    return {row["user_id"]: row["last_seq"] for row in rows}


def read_after(user_id: UUID, seq: int, *, limit: int = 200) -> list[StreamEvent]:
    """The next events of this stream after a number, in order."""
    return _renewed(StreamEvent.objects.filter(user_id=user_id, seq__gt=seq).order_by("seq")[:limit])


def read_a_few_after(user_id: UUID, seq: int, *, most_bytes: int) -> list[StreamEvent]:
    """The next events in order, until they take so many bytes; the first at any size."""
    return _renewed(StreamEvent.objects.raw(_READ_A_FEW, [user_id, seq, most_bytes]))


def renew(event: str, how: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Let the data of such events be renewed whenever they are read: what was good for minutes when they were written
    is good again days later."""
    _renewals[event] = how


def _renewed(events: Iterable[StreamEvent]) -> list[StreamEvent]:
    found = list(events)
    for event in found:
        if (how := _renewals.get(event.event)) is not None:
            event.data = how(event.data)
    return found


def due_for_trimming(*, limit: int = 500) -> list[UUID]:
    """Users whose stream holds events that are too old or too many."""
    old = (
        StreamEvent.objects.filter(created_at__lt=now() - KEPT_FOR).values_list("user_id", flat=True).distinct()[:limit]
    )
    long = StreamPosition.objects.filter(last_seq__gt=F("trimmed_to") + KEPT_EVENTS).values_list("user_id", flat=True)[
        :limit
    ]
    return sorted({*old, *long})[:limit]


@transaction.atomic
def trim(user_id: UUID) -> int:
    """Drop what is older than seven days or beyond the last thousand; returns how many events went."""
    place = StreamPosition.objects.select_for_update().get(user_id=user_id)
    newest_old = StreamEvent.objects.filter(user_id=user_id, created_at__lt=now() - KEPT_FOR).aggregate(seq=Max("seq"))[
        "seq"
    ]
    floor = max(place.trimmed_to, place.last_seq - KEPT_EVENTS, newest_old or 0)
    gone, _kinds = StreamEvent.objects.filter(user_id=user_id, seq__lte=floor).delete()
    place.trimmed_to = floor
    place.save(update_fields=["trimmed_to"])
    return gone
