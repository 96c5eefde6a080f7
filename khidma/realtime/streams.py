"""Writing to users' streams and reading from them: the table is the truth, the doorbell only wakes the listeners."""

from collections.abc import Collection, Iterable
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
from khidma.realtime.models import StreamEvent, StreamPosition

KEPT_FOR = timedelta(days=7)
KEPT_EVENTS = 1_000

_PUSH = """
WITH place AS (
    INSERT INTO realtime_streamposition AS position (user_id, last_seq, trimmed_to)
    SELECT id, 1, 0 FROM unnest(%(users)s::uuid[]) AS id ORDER BY id
    ON CONFLICT (user_id) DO UPDATE SET last_seq = position.last_seq + 1
    RETURNING user_id, last_seq
)
INSERT INTO realtime_streamevent (user_id, seq, event, data)
SELECT user_id, last_seq, %(event)s, %(data)s::jsonb FROM place
RETURNING user_id, seq
"""


@dataclass(frozen=True)
class Position:
    """Where a stream stands: the newest number, and the number up to which events are gone."""

    last_seq: int
    trimmed_to: int

    def can_resume(self, after: int) -> bool:
        """Whether every event after this number is still kept."""
        return self.trimmed_to <= after <= self.last_seq


def push(*, user_ids: Iterable[UUID], event: str, data: dict[str, Any]) -> dict[UUID, int]:
    """Write one event to the stream of each user, in the caller's transaction, and ring after commit.

    The positions are locked in the order of the ids and stay locked until the transaction ends: push last, and once for
    all who hear the same. Two pushes in one transaction may deadlock with the same two in the other order.
    `data` goes over the wire as it is (camelCase). Returns the number that each user's event got.
    """
    users = sorted(set(user_ids))
    if not users:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PUSH, {"users": users, "event": event, "data": orjson.dumps(data).decode()})
        numbers: dict[UUID, int] = dict(cursor.fetchall())
    transaction.on_commit(partial(ring, event=event, data=data, numbers=numbers), robust=True)
    return numbers


def ring(*, event: str, data: dict[str, Any], numbers: dict[UUID, int]) -> None:
    """Tell every process that these events are in the table; a failure is logged and made up for by the listeners."""
    doorbell.publish(doorbell.Ring(event=event, data=data, numbers=numbers))


def position_of(user_id: UUID) -> Position:
    """Where this user's stream stands; a stream that never had an event stands at 0."""
    row = StreamPosition.objects.filter(user_id=user_id).values_list("last_seq", "trimmed_to").first()
    return Position(*row) if row else Position(0, 0)


def last_numbers(user_ids: Collection[UUID]) -> dict[UUID, int]:
    """The newest number of each stream; users without one are left out."""
    return dict(StreamPosition.objects.filter(user_id__in=user_ids).values_list("user_id", "last_seq"))


def read_after(user_id: UUID, seq: int, *, limit: int = 200) -> list[StreamEvent]:
    """The next events of this stream after a number, in order."""
    return list(StreamEvent.objects.filter(user_id=user_id, seq__gt=seq).order_by("seq")[:limit])


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
