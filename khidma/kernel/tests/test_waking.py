"""Waking a worker costs a request next to nothing when the broker is away; the clock makes up for the lost call."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from django.conf import settings
from kombu.exceptions import OperationalError

from khidma.kernel import outbox
from khidma.kernel.tasks import deliver_outbox

ENOUGH = 1.0


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture(autouse=True)
def _nobody_failed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_quiet_until", 0.0)


def seconds_to_fail(port: int) -> float:
    app = Celery(broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    began = time.monotonic()
    with pytest.raises(OperationalError):
        app.send_task("anything", retry=False)
    return time.monotonic() - began


def test_a_broker_that_refuses_or_does_not_answer_is_given_up_within_a_second(silent_port: int) -> None:
    assert seconds_to_fail(9) < ENOUGH
    assert seconds_to_fail(silent_port) < ENOUGH


def test_after_a_failure_nobody_else_waits_for_the_broker_until_a_moment_has_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[dict[str, Any]] = []

    def no_answer(**options: Any) -> None:
        tries.append(options)
        raise OperationalError

    monkeypatch.setattr(deliver_outbox, "apply_async", no_answer)
    for _ in range(3):
        outbox._wake()
    assert len(tries) == 1
    monkeypatch.setattr(outbox, "_quiet_until", time.monotonic())
    outbox._wake()
    assert len(tries) == 2
