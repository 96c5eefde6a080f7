"""One HTTP call to a provider: bounded in time, never inside a transaction, never redirected."""

from functools import cache
from typing import Any

import httpx

from khidma.delivery.errors import NotTaken
from khidma.kernel.network import forbid_in_transaction, give_connections_back

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
"""Seconds to connect, and to wait for an answer."""

LONGEST_PAUSE = 3600


@cache
def _client() -> httpx.Client:
    """This process's connections to all providers."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False)


def call(method: str, url: str, **options: Any) -> httpx.Response:
    """The answer, whatever it says. :raises NotTaken: there was none in time."""
    forbid_in_transaction()
    give_connections_back()
    try:
        return _client().request(method, url, **options)
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise NotTaken(type(error).__name__) from error


def answer_of(response: httpx.Response) -> dict[str, Any]:
    """The JSON object that was answered; empty where it was anything else."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def not_now(response: httpx.Response, reason: str = "") -> NotTaken:
    """The provider answered, but not that it took the message. Its `Retry-After` in seconds is kept."""
    pause = response.headers.get("Retry-After", "")
    seconds = min(int(pause), LONGEST_PAUSE) if pause.isascii() and pause.isdecimal() and len(pause) < 7 else None
    return NotTaken(f"HTTP {response.status_code} {reason}".strip(), pause=seconds)
