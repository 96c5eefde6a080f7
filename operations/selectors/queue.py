"""The workers' queue: how many tasks wait in it, and for how long the first of them has waited."""

import json
import time
from dataclasses import dataclass

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from khidma.kernel.sweeps import PUBLISHED_AT

log = structlog.get_logger(__name__)

QUEUE = "celery"


@dataclass(frozen=True)
class QueueFigures:
    """None where the broker does not answer. Nothing is the oldest in an empty queue."""

    depth: int | None
    oldest_seconds: float | None


def look_at_queue() -> QueueFigures:
    """Workers take from the right end, so the oldest task stands there; each says when it was published."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0)
        ) as connection:
            depth, oldest = connection.llen(QUEUE), connection.lindex(QUEUE, -1)
    except redis.RedisError as error:
        log.warning("figure_missing", code="queue", error=type(error).__name__)
        return QueueFigures(None, None)
    return QueueFigures(int(depth), _age(oldest) if oldest else None)


def _age(message: bytes) -> float | None:
    published_at = json.loads(message).get("headers", {}).get(PUBLISHED_AT)
    return max(time.time() - published_at, 0.0) if isinstance(published_at, int | float) else None
