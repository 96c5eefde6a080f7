"""Rate limits: counted atomically in the cache's server, for the classes of the contract and by hand."""

import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rest_framework.request import Request

from khidma.http.addresses import client_address as address_of
from khidma.http.addresses import limited_address
from khidma.http.operations import UNLIMITED, Limit
from khidma.http.runtime import SecuritySettings
from khidma.kernel.errors import TooMany, Unavailable

logger = logging.getLogger(__name__)

MINUTE, HOUR = 60, 3600
LEFT_ALONE_SECONDS = 2.0
REFUSED_WITHOUT_COUNTER = frozenset({"otp", "money", "auth"})


@dataclass(frozen=True)
class Counted:
    """How one caller stands with one limit."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


def hit(name: str, key: str, *, amount: int, seconds: int, fail_closed: bool = True) -> Counted | None:
    """Count one request of `key` (a phone, an address, a user) against `amount` in any `seconds`.

    :raises TooMany: the limit was hit; nothing is counted then.
    :raises Unavailable: the counter cannot be reached, and the limit is one that must hold.
    """
    if not settings.KHIDMA_LIMITS:
        return None
    item = RateLimitItemPerSecond(amount, seconds)
    try:
        passed, stats = _ask(item, name, key)
    except (RedisError, StorageError) as error:
        if fail_closed:
            raise Unavailable from error
        logger.warning("limits_not_counted", extra={"limit": name})
        return None
    reset = max(1, min(seconds, int(stats.reset_time - time.time()) + 1))
    if not passed:
        raise LimitHit(Counted(amount, 0, reset))
    return Counted(amount, max(0, stats.remaining), reset)


def _ask(item: RateLimitItemPerSecond, name: str, key: str) -> tuple[bool, Any]:
    """Ask the counter; after a failure it is left alone for a moment, so that nobody else waits for it in vain."""
    url = settings.REDIS_URL
    if time.monotonic() < _unreachable_until.get(url, 0.0):
        raise RedisError("the counter did not answer a moment ago")
    try:
        limiter = _limiter(url)
        return limiter.hit(item, name, key), limiter.get_window_stats(item, name, key)
    except (RedisError, StorageError):
        _unreachable_until[url] = time.monotonic() + LEFT_ALONE_SECONDS
        raise


def give_back(name: str, key: str, *, amount: int, seconds: int) -> None:
    """Take back the latest request that `hit` counted with the same arguments, where nothing came of it."""
    if not settings.KHIDMA_LIMITS:
        return
    storage: Any = _limiter(settings.REDIS_URL).storage
    try:
        storage.storage.lpop(storage.prefixed_key(RateLimitItemPerSecond(amount, seconds).key_for(name, key)))
    except RedisError:
        logger.warning("limits_not_given_back", extra={"limit": name})


class LimitHit(TooMany):
    """A limit was hit, with the figures for the headers."""

    def __init__(self, counted: Counted) -> None:
        super().__init__(retry_after=counted.reset)
        self.headers = counted.headers()


def count(request: Request, limit: Limit, *, fail_closed: bool | None = None) -> Counted | None:
    """Count a request against its class. :raises TooMany, Unavailable: see `hit`."""
    if limit in UNLIMITED or not settings.KHIDMA_LIMITS:
        return None
    name, key, amount, seconds = _rule(request, limit)
    return hit(
        name,
        key,
        amount=amount,
        seconds=seconds,
        fail_closed=limit in REFUSED_WITHOUT_COUNTER if fail_closed is None else fail_closed,
    )


def _rule(request: Request, limit: Limit) -> tuple[str, str, int, int]:
    numbers: Any = SecuritySettings.load()
    user = request.user
    address = limited_address(address_of(request._request))
    if limit == "auth":
        return "auth", address, numbers.auth_per_address, MINUTE
    if not user.is_authenticated:
        return "anonymous", address, numbers.read_per_address, MINUTE
    seconds = HOUR if limit in {"upload", "export"} else MINUTE
    return limit, str(user.pk), getattr(numbers, f"{limit}_per_user"), seconds


_unreachable_until: dict[str, float] = {}


@lru_cache(maxsize=4)
def _limiter(url: str) -> MovingWindowRateLimiter:
    """One pool of connections per server; short time-outs, and one more try for a connection that had died idle."""
    storage = RedisStorage(
        url,
        key_prefix="khidma:limits",
        socket_timeout=0.5,
        socket_connect_timeout=0.5,
        retry=Retry(NoBackoff(), 1),  # type: ignore[arg-type]
    )
    return MovingWindowRateLimiter(storage)
