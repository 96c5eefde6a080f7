"""Logs, figures and health."""

import json
import logging
from typing import Any

import pytest
from django.db import OperationalError

from khidma.http import health
from khidma.http.logs import logging_settings, one_line
from khidma.kernel.context import request_id

pytestmark = [pytest.mark.django_db, pytest.mark.urls("khidma.http.tests.urls")]

NOWHERE = "redis://127.0.0.1:1/0"


def written(logger_call: Any, *, readable: bool = False) -> str:
    """What one call to a logger becomes."""
    settings = logging_settings(readable=readable)["formatters"]["khidma"]
    formatter = settings.pop("()")(**settings)
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(formatter.format(record))

    logger = logging.Logger("khidma.test")
    logger.addHandler(Keep())
    token = request_id.set("request-1")
    try:
        logger_call(logger)
    finally:
        request_id.reset(token)
    return lines[0]


def test_a_line_holds_listed_fields_only() -> None:
    fields = {"order_id": "o1", "count": 3, "phone": "+919876543210", "body": {"otp": "123456"}, "surprise": "x"}
    line = written(lambda logger: logger.info("order_expired", extra=fields))
    found = json.loads(line)
    found.pop("timestamp")
    assert found == {
        "event": "order_expired",
        "level": "info",
        "logger": "khidma.test",
        "request_id": "request-1",
        "order_id": "o1",
        "count": 3,
    }


@pytest.mark.parametrize("readable", [True, False])
def test_no_text_can_pretend_to_be_another_line(readable: bool) -> None:
    forged = "name\n2026-11-21 [info] request status=200\x1b[31m\u2028"
    line = written(lambda logger: logger.info("event", extra={"code": forged}), readable=readable)
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert one_line("plain") == "plain"


def test_an_exception_tells_where_and_not_what() -> None:
    def fail(logger: logging.Logger) -> None:
        try:
            raise OperationalError("Key (phone)=(+919876543210) already exists")
        except OperationalError as error:
            logger.error("failed", exc_info=error)

    line = written(fail)
    assert "+919876543210" not in line
    found = json.loads(line)
    assert found["exception"] == "OperationalError"
    assert found["stack"][-1].endswith(" fail")


def test_each_request_leaves_one_line(call: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "khidma.requests"):
        call("somebody")("POST", "/api/notes?token=secret", {"name": "private"}, X_Request_ID="abc-1")
    lines = [record for record in caplog.records if record.name == "khidma.requests"]
    assert [(line.__dict__["route"], line.__dict__["status"]) for line in lines] == [("api/notes", 201)]
    assert "secret" not in caplog.text
    assert "private" not in caplog.text


def test_figures_count_by_operation_without_ids(call: Any) -> None:
    call()("GET", "/api/notes/01980000-0000-7000-8000-000000000000")
    call()("PROPFIND", "/api/nowhere/x")
    text = call()("GET", "/metrics").content.decode()
    assert 'khidma_requests_total{method="GET",operation="api/notes/<uuid:note_id>",status="404"}' in text
    assert 'method="other"' in text
    assert "01980000" not in text


@pytest.mark.parametrize(
    ("address", "forwarded", "status"),
    [("127.0.0.1", "", 200), ("10.0.0.5", "", 404), ("127.0.0.1", "9.9.9.9", 404), ("127.0.0.1", "127.0.0.1", 404)],
)
def test_figures_are_for_this_machine_only(call: Any, address: str, forwarded: str, status: int) -> None:
    caller = call(**({"X-Forwarded-For": forwarded} if forwarded else {}))
    caller.client.defaults["REMOTE_ADDR"] = address
    assert caller("GET", "/metrics").status_code == status


def test_healthz_needs_nothing(call: Any, settings: Any, django_assert_num_queries: Any) -> None:
    settings.REDIS_URL = NOWHERE
    with django_assert_num_queries(0):
        response = call()("GET", "/healthz/")
    assert response.json() == {"success": True, "data": {"status": "ok"}}


def test_readyz_says_what_is_ready(call: Any) -> None:
    response = call()("GET", "/readyz")
    assert response.status_code == 200
    assert response.json()["data"]["checks"] == {"database": True, "cache": True, "migrations": True}


def test_readyz_says_what_is_not(call: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = NOWHERE
    response = call()("GET", "/readyz")
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert response.json()["error"]["details"]["checks"]["cache"] is False

    def down() -> bool:
        raise OperationalError

    monkeypatch.setitem(health.CHECKS, "database", down)
    checks = call()("GET", "/readyz").json()["error"]["details"]["checks"]
    assert checks == {"database": False, "cache": False, "migrations": False}


def test_readyz_minds_whether_commits_are_kept(call: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    response = call()("GET", "/readyz")
    assert response.json()["error"]["details"]["checks"] == {"database": False, "cache": True, "migrations": False}
