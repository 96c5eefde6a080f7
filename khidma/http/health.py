"""Whether the process is up, and whether it can do its work."""

import logging
from collections.abc import Callable
from functools import cache

import redis
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from khidma.kernel.errors import Unavailable

logger = logging.getLogger(__name__)


class NotReady(Unavailable):
    """`details.checks` says which of them hold."""

    code = "service_unavailable"
    message = _("Not ready.")
    retry_after = 2


def readiness() -> dict[str, bool]:
    """What holds. :raises NotReady: something does not."""
    found = {name: _holds(name, check) for name, check in CHECKS.items()}
    found["migrations"] = found["database"] and _holds("migrations", nothing_to_migrate)
    if not all(found.values()):
        raise NotReady(details={"checks": found})
    return found


def database_answers_and_keeps() -> bool:
    """The database answers, and a commit there is on disk before it is acknowledged."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return bool(cursor.fetchone()[0] == "on")


def cache_answers() -> bool:
    """The cache's server answers."""
    return bool(_cache(settings.REDIS_URL).ping())


def nothing_to_migrate() -> bool:
    """Every migration that this code knows has run."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


_migrated = False
CHECKS: dict[str, Callable[[], bool]] = {"database": database_answers_and_keeps, "cache": cache_answers}


def _holds(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception as error:
        logger.warning("not_ready", extra={"code": name, "exception": type(error).__qualname__})
        return False


@cache
def _cache(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 1))
