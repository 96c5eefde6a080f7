"""Calls to the gateway: written down with key and exact body before they are made, one at a time for each thing."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import F, Q

from khidma.kernel.clock import Now
from khidma.kernel.network import give_connections_back
from payments.models import GatewayAttempt
from payments.models.gateway import AttemptStatus, Operation

SEATS, SEAT_SECONDS = 12, 1.0
"""Callers who may hold one of the 32 connections of a process while they wait for the gateway; the wait for a seat."""

_seats = BoundedSemaphore(SEATS)


@contextmanager
def seated() -> Iterator[bool]:
    """Whether this caller is one of the few of this process who may hold a connection of the database while they wait
    for the gateway. A gateway that hangs would otherwise take all of them, and nobody could read anything."""
    give_connections_back()
    has_seat = _seats.acquire(timeout=SEAT_SECONDS)
    try:
        yield has_seat
    finally:
        if has_seat:
            _seats.release()


@contextmanager
def one_at_a_time(subject_id: UUID, *, wait: bool = False) -> Iterator[bool]:
    """Whether this caller alone may call the gateway about the subject now; a claim dies with its connection.

    It holds no transaction open. With `wait`, it waits as long as the database lets a lock be waited for.
    """
    number = subject_id.int >> 64 & (1 << 63) - 1 ^ subject_id.int & (1 << 63) - 1
    is_ours = _claim(number, wait=wait)
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


def _claim(number: int, *, wait: bool) -> bool:
    with connection.cursor() as cursor:
        if not wait:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
            return bool(cursor.fetchone()[0])
        try:
            cursor.execute("SELECT pg_advisory_lock(%s)", [number])
        except OperationalError:  # waited for too long
            return False
    return True


@transaction.atomic
def begin_attempt(*, subject_id: UUID, operation: Operation, key: UUID, body: dict[str, Any]) -> GatewayAttempt:
    """The open attempt at this operation, with its own body, or else a new one; counted as called once more.

    One that was answered under this very key is taken up again: its answer came, but we died before we kept it.
    """
    is_ours = Q(status=AttemptStatus.STARTED) | Q(status=AttemptStatus.ANSWERED, key=key)
    attempt = GatewayAttempt.objects.filter(is_ours, subject_id=subject_id, operation=operation).first()
    if attempt is None:
        attempt = GatewayAttempt.objects.create(subject_id=subject_id, operation=operation, key=key, body=body)
    attempt.calls += 1
    GatewayAttempt.objects.filter(pk=attempt.pk).update(calls=F("calls") + 1, called_at=Now())
    return attempt


def close_attempt(attempt: GatewayAttempt, *, gateway_id: str) -> None:
    """The gateway has answered: it knows the thing under this id."""
    GatewayAttempt.objects.filter(pk=attempt.pk, status=AttemptStatus.STARTED).update(**_answered(gateway_id))


def close_open_attempts(*, subject_id: UUID, operation: Operation, gateway_id: str) -> None:
    """A word from the gateway names the thing: whatever asked for it was heard, also where its caller died since."""
    attempts = GatewayAttempt.objects.filter(subject_id=subject_id, operation=operation)
    attempts.filter(status=AttemptStatus.STARTED).update(**_answered(gateway_id))


def _answered(gateway_id: str) -> dict[str, Any]:
    return {"status": AttemptStatus.ANSWERED, "gateway_id": gateway_id, "http_status": 200, "answered_at": Now()}


def refuse_attempt(attempt: GatewayAttempt, *, http_status: int, reason: str) -> None:
    """The gateway has refused: nothing was done, and this key is not used again."""
    GatewayAttempt.objects.filter(pk=attempt.pk, status=AttemptStatus.STARTED).update(
        status=AttemptStatus.REFUSED, http_status=http_status, reason=reason[:300], answered_at=Now()
    )
