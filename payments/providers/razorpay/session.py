"""The HTTP session under the SDK: adds what the SDK lacks (time-outs), keeps what it drops (status, reason)."""

from typing import Any

import requests
import structlog

from khidma.kernel.network import forbid_in_transaction
from payments.providers.breaker import breaker
from payments.providers.gateway import GatewaySaidNo, GatewaySilent

log = structlog.get_logger(__name__)

TIMEOUT = (3.0, 10.0)
"""Seconds to connect and to wait for an answer."""

UNDECIDED = frozenset({401, 403, 408, 409, 425, 429})
"""Refusals that say nothing about the thing asked for: our key is wrong, it is under way, or we ask too often."""


class Session(requests.Session):
    """Raises `GatewaySaidNo` for a clear refusal and `GatewaySilent` for everything that leaves the outcome open.

    The SDK's own errors lose status and reason, so they never get a chance.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(self, method: str | bytes, url: str | bytes, *arguments: Any, **options: Any) -> requests.Response:
        forbid_in_transaction()
        options["timeout"] = options.get("timeout") or TIMEOUT
        options["allow_redirects"] = False
        with breaker.watching():
            try:
                response = super().request(method, url, *arguments, **options)
            except requests.RequestException as error:
                raise GatewaySilent(type(error).__name__) from error
            answer = _json(response)
            if response.status_code >= 500 or answer is None:
                raise _failure(response, answer)
        if response.status_code in (200, 201, 202) and isinstance(answer, dict) and "error" not in answer:
            return response
        raise _failure(response, answer)


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _failure(response: requests.Response, answer: Any) -> Exception:
    status = response.status_code
    error = answer.get("error") if isinstance(answer, dict) else None
    log.warning("gateway_refused", http_status=status, code=error.get("code") if isinstance(error, dict) else None)
    if not 400 <= status < 500 or status in UNDECIDED or not isinstance(error, dict):
        return GatewaySilent(f"HTTP {status}")
    return GatewaySaidNo(
        http_status=status,
        code=str(error.get("code") or ""),
        description=str(error.get("description") or ""),
        reason=str(error.get("reason") or ""),
        field=str(error.get("field") or ""),
    )
