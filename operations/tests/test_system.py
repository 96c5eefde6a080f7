"""The figures of the whole system are measured or stored ones; what cannot be had is null."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection

from accounts.models import User
from accounts.tests.factories import make_client, make_operator
from khidma.http.fields import milliseconds
from khidma.kernel.clock import Now
from khidma.kernel.ids import new_id
from khidma.kernel.models import OutboxDelivery, OutboxEvent
from khidma.kernel.sweeps import PUBLISHED_AT
from khidma.kernel.tasks import deliver_outbox
from orders.tests.factories import make_funded_order
from payments.models import GatewayAttempt, LedgerCheck
from payments.services import check_books

pytestmark = pytest.mark.django_db

NOWHERE = "redis://127.0.0.1:1/0"


def shown(api: Any) -> dict[str, Any]:
    answer = api(make_operator(group="support")).get("/api/metrics/system")
    assert answer.status_code == 200
    data: dict[str, Any] = answer.json()["data"]
    return data


@pytest.mark.parametrize(("who", "status"), [("nobody", 401), ("client", 403), ("support", 200), ("finance", 200)])
def test_who_may(api: Any, who: str, status: int) -> None:
    people: dict[str, Callable[[], User | None]] = {"nobody": lambda: None, "client": make_client}
    caller = api(people[who]() if who in people else make_operator(group=who))

    assert caller.get("/api/metrics/system").status_code == status


def test_database_cache_version_and_uptime_are_measured(api: Any) -> None:
    data = shown(api)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        connected = cursor.fetchone()[0]

    assert 0 < data["database"]["latencyMs"] < 1000
    assert data["database"]["connections"] == connected
    assert data["database"]["replicationLagMs"] is None  # there is no replica
    assert 0 < data["cache"]["latencyMs"] < 1000
    assert data["version"] == "1.0.0"
    assert 0 <= data["uptimeSeconds"] < 3600


def test_the_queue_is_counted_and_its_oldest_task_timed(api: Any, valkey_connection: "redis.Redis") -> None:
    assert shown(api)["queue"] == {"depth": 0, "oldestSeconds": None}
    deliver_outbox.apply_async()
    (waiting,) = valkey_connection.lrange("celery", 0, -1)
    message = json.loads(waiting)
    assert time.time() - message["headers"][PUBLISHED_AT] < 60
    message["headers"][PUBLISHED_AT] -= 100
    valkey_connection.rpush("celery", json.dumps(message))

    queue = shown(api)["queue"]

    assert queue["depth"] == 2
    assert 100 <= queue["oldestSeconds"] < 160


def test_the_outbox_is_counted(api: Any) -> None:
    event = OutboxEvent.objects.create(name="orders.Odd", payload={})
    OutboxEvent.objects.filter(pk=event.pk).update(created_at=Now() - timedelta(minutes=2))
    for handler, status in (("a", "pending"), ("b", "pending"), ("c", "dead"), ("d", "done")):
        OutboxDelivery.objects.create(event=event, handler=handler, status=status)

    outbox = shown(api)["outbox"]

    assert (outbox["pending"], outbox["dead"]) == (2, 1)
    assert 120 <= outbox["oldestSeconds"] < 150


def test_the_ledger_is_as_the_last_check_found_it(api: Any) -> None:
    assert shown(api)["ledger"] == {"balanced": None, "checkedAt": None}
    make_funded_order()
    check = check_books()
    assert check is not None
    check.refresh_from_db()

    assert shown(api)["ledger"] == {"balanced": True, "checkedAt": milliseconds(check.created_at)}
    LedgerCheck.objects.create(is_sound=False, faults=["a paisa is missing"], seconds=0.1)

    data = shown(api)
    assert (data["ledger"]["balanced"], data["status"]) == (False, "degraded")


def test_the_gateway_is_silent_where_a_call_stays_open(api: Any) -> None:
    never = {"lastAnsweredAt": None, "breaker": "closed"}
    assert shown(api)["gateway"] == {**never, "state": None, "unanswered": 0}
    open_call = GatewayAttempt.objects.create(subject_id=new_id(), operation="refund", key=new_id(), body={}, calls=1)
    GatewayAttempt.objects.filter(pk=open_call.pk).update(created_at=Now() - timedelta(minutes=2))

    assert shown(api)["gateway"] == {**never, "state": "silent", "unanswered": 1}
    answered = GatewayAttempt.objects.create(subject_id=new_id(), operation="refund", key=new_id(), body={}, calls=1)
    GatewayAttempt.objects.filter(pk=answered.pk).update(status="answered", answered_at=Now())

    gateway = shown(api)["gateway"]
    assert (gateway["state"], gateway["unanswered"]) == ("up", 1)
    assert gateway["lastAnsweredAt"] is not None


def test_without_a_worker_the_system_is_degraded(api: Any) -> None:
    data = shown(api)

    assert (data["workers"], data["status"]) == (0, "degraded")


def test_a_cache_that_does_not_answer_costs_its_own_figures_only(api: Any, settings: Any) -> None:
    settings.REDIS_URL = NOWHERE

    data = shown(api)

    assert data["cache"] == {"latencyMs": None}
    assert data["queue"] == {"depth": None, "oldestSeconds": None}
    assert data["workers"] is None
    assert data["database"]["latencyMs"] > 0
    assert data["status"] == "degraded"
