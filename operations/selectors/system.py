"""How the whole system is: every figure is measured or read from where it was stored; what cannot be had is None."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import redis
import structlog
from celery import current_app
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.models import Count, Min
from kombu.exceptions import OperationalError as BrokerDown
from redis.backoff import NoBackoff
from redis.retry import Retry

from khidma.http.defaults import SPECTACULAR_SETTINGS
from khidma.http.scraping import sum_of
from khidma.kernel.clock import now
from khidma.kernel.models import DeliveryStatus, OutboxDelivery
from operations.selectors.queue import QueueFigures, look_at_queue
from payments.models import LedgerCheck
from payments.selectors import GatewayAnswers, gateway_answers

log = structlog.get_logger(__name__)

STARTED = time.monotonic()
REPLICA = "replica"
PING_SECONDS = 0.3
SILENT_AFTER_SECONDS = 60.0
T = TypeVar("T")


@dataclass(frozen=True)
class DatabaseFigures:
    """`connections` counts those of everybody to this database; there is a lag only where there is a replica."""

    latency_ms: float | None
    connections: int | None
    replication_lag_ms: float | None


@dataclass(frozen=True)
class CacheFigures:
    latency_ms: float | None


@dataclass(frozen=True)
class GatewayFigures:
    """`state` is `up`, `silent` (a call has been open for a minute and nothing was answered since, or this process does
    not ask any more: `breaker`), or unknown."""

    state: str | None
    last_answered_at: datetime | None
    unanswered: int | None
    breaker: str


@dataclass(frozen=True)
class OutboxFigures:
    pending: int | None
    oldest_seconds: float | None
    dead: int | None


@dataclass(frozen=True)
class LedgerFigures:
    """The stored result of the last full check."""

    balanced: bool | None
    checked_at: datetime | None


@dataclass(frozen=True)
class SystemFigures:
    """Everything that `GET /api/metrics/system` shows. `uptime_seconds` is that of the process that answers."""

    status: str
    database: DatabaseFigures
    cache: CacheFigures
    queue: QueueFigures
    workers: int | None
    websockets: int | None
    gateway: GatewayFigures
    outbox: OutboxFigures
    ledger: LedgerFigures
    version: str
    uptime_seconds: int


def system_figures() -> SystemFigures:
    """Measure now. A part that is down costs its figures, and at most a second."""
    database, cache = _database(), _cache()
    workers = None if cache.latency_ms is None else _workers()  # without its broker, the call would wait for ever
    ledger, gateway = last_check(), _gateway()
    is_well = (
        database.latency_ms is not None
        and cache.latency_ms is not None
        and bool(workers)
        and ledger.balanced is not False
        and gateway.state != "silent"
    )
    return SystemFigures(
        status="ok" if is_well else "degraded",
        database=database,
        cache=cache,
        queue=look_at_queue(),
        workers=workers,
        websockets=_sockets(),
        gateway=gateway,
        outbox=_outbox(),
        ledger=ledger,
        version=str(SPECTACULAR_SETTINGS["VERSION"]),
        uptime_seconds=int(time.monotonic() - STARTED),
    )


def last_check() -> LedgerFigures:
    """When the whole ledger was added up last, and whether it was sound; unknown where that has never been done."""
    check = LedgerCheck.objects.order_by("-created_at").first()
    return LedgerFigures(check.is_sound if check else None, check.created_at if check else None)


def _database() -> DatabaseFigures:
    """A statement there and back, and who is connected."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        began = time.perf_counter()
        cursor.execute("SELECT 1")
        cursor.fetchone()
        latency = _milliseconds(began)
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        connected = cursor.fetchone()[0]
    return DatabaseFigures(latency, connected, _lag())


def _lag() -> float | None:
    """How far the replica is behind; 0 where it has applied everything it has received."""
    if REPLICA not in connections.databases:
        return None
    try:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(
                "SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
                " ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 END"
            )
            found = cursor.fetchone()[0]
    except DatabaseError as error:
        log.warning("figure_missing", code="replica", error=type(error).__name__)
        return None
    return None if found is None else float(found)


def _cache() -> CacheFigures:
    def measure() -> float:
        began = time.perf_counter()
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0)
        ) as connection:
            connection.ping()
        return _milliseconds(began)

    return CacheFigures(_or_none("cache", measure))


def _workers() -> int | None:
    """How many answer a call within a moment."""
    return _or_none("workers", lambda: len(current_app.control.ping(timeout=PING_SECONDS) or ()))


def _sockets() -> int | None:
    found = sum_of("khidma_open_sockets")
    return None if found is None else int(found)


def _gateway() -> GatewayFigures:
    answers = gateway_answers()
    return GatewayFigures(_state(answers), answers.last_answered_at, answers.unanswered, answers.breaker)


def _state(answers: GatewayAnswers) -> str | None:
    if answers.breaker == "open":
        return "silent"
    since, last = answers.unanswered_since, answers.last_answered_at
    if since and (now() - since).total_seconds() > SILENT_AFTER_SECONDS and (last is None or last < since):
        return "silent"
    return None if last is None else "up"


def _outbox() -> OutboxFigures:
    pending = OutboxDelivery.objects.filter(status=DeliveryStatus.PENDING)
    found = pending.aggregate(count=Count("pk"), oldest=Min("event__created_at"))
    oldest = (now() - found["oldest"]).total_seconds() if found["oldest"] else None
    dead = OutboxDelivery.objects.filter(status=DeliveryStatus.DEAD).count()
    return OutboxFigures(found["count"], oldest, dead)


def _or_none(figure: str, measure: Callable[[], T]) -> T | None:
    try:
        return measure()
    except (redis.RedisError, BrokerDown, OSError) as error:
        log.warning("figure_missing", code=figure, error=type(error).__name__)
        return None


def _milliseconds(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
