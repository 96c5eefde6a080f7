"""The faults of the table, and the ways in which each happens."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from verify.degrade.texting import Texting
from verify.running import Khidma

ROWS = ("Redis", "Celery", "PostgreSQL", "gateway", "SMS")
ALL_CALLS, OFTEN, SLOW_MS = "* /v1", 100_000, 20_000

SetOn = Callable[[Khidma, Texting], AbstractContextManager[None]]


@dataclass(frozen=True)
class Way:
    """One way in which the fault of a row happens; it lasts as long as the context."""

    row: str
    name: str
    set_on: SetOn


def down(*parts: str) -> SetOn:
    """Killed, and not started again: connections are refused."""
    return lambda khidma, texting: khidma.down(*parts)


def silent(part: str) -> SetOn:
    """Stopped in its tracks: connections are accepted, and nothing answers."""
    return lambda khidma, texting: khidma.silent(part)


def answering(fault: str, **more: Any) -> SetOn:
    """The gateway treats every call like this."""

    @contextmanager
    def set_on(khidma: Khidma, texting: Texting) -> Iterator[None]:
        with httpx.Client(base_url=khidma.gateway_url, timeout=10, trust_env=False) as gateway:
            fault_of_all = {"match": ALL_CALLS, "times": OFTEN, "fault": fault, **more}
            gateway.post("/_sandbox/faults", json=[fault_of_all]).raise_for_status()
            try:
                yield
            finally:
                gateway.delete("/_sandbox/faults").raise_for_status()

    return set_on


WAYS = (
    Way("Redis", "Redis is down", down("valkey")),
    Way("Redis", "Redis does not answer", silent("valkey")),
    Way("Celery", "Celery is down", down("worker", "clock")),
    Way("PostgreSQL", "PostgreSQL is down", down("postgres")),
    Way("gateway", "the gateway is slow", answering("slow", ms=SLOW_MS)),
    Way("gateway", "the gateway answers 500", answering("error_500")),
    Way("gateway", "the gateway answers HTML", answering("error_502_html")),
    Way("gateway", "the gateway resets", answering("connection_reset")),
    Way("SMS", "both SMS providers fail", lambda khidma, texting: texting.failing()),
)
