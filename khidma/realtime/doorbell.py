"""The doorbell: one Valkey channel that wakes every process with listeners. What it drops, the table makes up for."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from khidma.kernel.network import forbid_in_transaction

CHANNEL = f"khidma:doorbell:{urlsplit(settings.REDIS_URL).path.strip('/') or 0}"
"""Channels are shared by all databases of a Valkey, so the channel names its database."""
TIMEOUT = 0.5
QUIET_AFTER_FAILURE = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ring:
    """One event on its way to listeners: numbered for each user, or passing (no number) for those who hear a topic."""

    event: str
    data: dict[str, Any]
    numbers: dict[UUID, int] = field(default_factory=dict)
    passing_to: tuple[UUID, ...] = ()
    topic: UUID | None = None


def encode(rings: Iterable[Ring]) -> bytes:
    """Rings as they go over the channel, several in one publish."""
    return orjson.dumps(
        [
            {
                "event": ring.event,
                "data": ring.data,
                "numbers": {str(user): number for user, number in ring.numbers.items()},
                "passing": ring.passing_to,
                "topic": ring.topic,
            }
            for ring in rings
        ]
    )


def decode(raw: bytes) -> list[Ring]:
    """The rings as they came off the channel."""
    return [
        Ring(
            event=one["event"],
            data=one["data"],
            numbers={UUID(user): number for user, number in one["numbers"].items()},
            passing_to=tuple(UUID(user) for user in one["passing"]),
            topic=UUID(one["topic"]) if one["topic"] else None,
        )
        for one in orjson.loads(raw)
    ]


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
    )


_quiet_until: dict[str, float] = {}


def publish(*rings: Ring) -> None:
    """Send the rings now. Valkey being away is logged and nothing more: listeners look into the table by themselves."""
    forbid_in_transaction()
    url = settings.REDIS_URL
    if time.monotonic() < _quiet_until.get(url, 0.0):
        return
    try:
        _client(url).publish(CHANNEL, encode(rings))
    except redis.RedisError as error:
        _quiet_until[url] = time.monotonic() + QUIET_AFTER_FAILURE
        log.warning("doorbell_failed", error=type(error).__name__)


def passing(*, to: Iterable[UUID], topic: UUID, event: str, data: dict[str, Any]) -> Ring:
    """An event that is not stored: those of `to` who hear `topic` at this moment get it, without a number."""
    return Ring(event=event, data=data, passing_to=tuple(to), topic=topic)
