"""A circuit breaker: after some silences in a row nobody is kept waiting any more, and one at a time tries again."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from prometheus_client import Counter, Gauge

from payments.providers.gateway import GatewaySaidNo, GatewaySilent

BreakerState = Literal["closed", "open", "half_open"]
STATES: tuple[BreakerState, ...] = ("closed", "half_open", "open")

SILENCES, REST_SECONDS, PROBE_SECONDS = 5, 5.0, 20.0

calls = Counter("khidma_gateway_calls_total", "Calls to the payment gateway, by what came of them.", ["outcome"])


class GatewayDown(GatewaySilent):
    """The gateway was not asked at all: it has been silent too often. Nothing was done there."""

    def __init__(self) -> None:
        super().__init__("The gateway has been silent too often; it is asked again in a few seconds.")


class Breaker:
    """Counts silences in a row, in this process: time-outs, dropped connections, 5xx, answers that are no JSON.

    Every answer, a refusal too, closes it. No lock is held while somebody waits for an answer. A probe that never
    comes back does not stop others from trying later.
    """

    def __init__(
        self,
        *,
        silences: int = SILENCES,
        rest_seconds: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._rest, self._clock = silences, rest_seconds, clock
        self._lock = threading.Lock()
        self._silences, self._rests_until = 0, 0.0

    def reset(self) -> None:
        """Forget what was heard (between tests)."""
        with self._lock:
            self._silences, self._rests_until = 0, 0.0

    @property
    def state(self) -> BreakerState:
        """`half_open`: the next caller, or the one under way, decides."""
        with self._lock:
            return self._state()

    def _state(self) -> BreakerState:
        if self._silences < self._most:
            return "closed"
        return "open" if self._clock() < self._rests_until else "half_open"

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Around one call. :raises GatewayDown: instead of the call, while it is open."""
        self._enter()
        try:
            yield
        except GatewaySilent:
            self._heard(is_silent=True)
            raise
        except GatewaySaidNo:
            self._heard(is_silent=False)
            raise
        self._heard(is_silent=False)

    def _enter(self) -> None:
        with self._lock:
            state = self._state()
            if state == "half_open":  # this caller tries; the others go on resting meanwhile
                self._rests_until = self._clock() + PROBE_SECONDS
        if state == "open":
            calls.labels("not_asked").inc()
            raise GatewayDown

    def _heard(self, *, is_silent: bool) -> None:
        calls.labels("silent" if is_silent else "answered").inc()
        with self._lock:
            self._silences = self._silences + 1 if is_silent else 0
            if self._silences >= self._most:
                self._rests_until = self._clock() + self._rest


breaker = Breaker()
"""This process's own, over all its connections to the gateway."""

state = Gauge("khidma_gateway_breaker", "0 closed, 1 half open, 2 open: the gateway is not asked.")
state.set_function(lambda: STATES.index(breaker.state))
