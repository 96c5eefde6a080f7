"""Rate limits: exact under forty hands at once, honest in their headers, closed where they must hold."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import RequestFactory, override_settings

from khidma.http import limits
from khidma.http.addresses import client_address, limited_address
from khidma.http.limits import hit
from khidma.http.runtime import SecuritySettings
from khidma.kernel.errors import TooMany, Unavailable
from khidma.kernel.models import OutboxEvent
from khidma.kernel.runtime import change

NOWHERE = "redis://127.0.0.1:1/0"

pytestmark = [pytest.mark.urls("khidma.http.tests.urls")]


@pytest.fixture(autouse=True)
def limits_on(settings: Any) -> None:
    settings.KHIDMA_LIMITS = True


def test_forty_at_once_get_exactly_what_the_limit_allows() -> None:
    def one(_: int) -> bool:
        try:
            hit("test", "+919876543210", amount=5, seconds=60)
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        assert sum(pool.map(one, range(40))) == 5


def test_what_was_refused_is_not_counted() -> None:
    for _ in range(3):
        hit("test", "a", amount=3, seconds=60)
    with pytest.raises(TooMany) as refused:
        hit("test", "a", amount=3, seconds=60)
    assert refused.value.retry_after in range(1, 61)
    counted = hit("test", "a", amount=4, seconds=61)
    assert counted is not None
    assert counted.remaining == 3, "another limit has a counter of its own"


@pytest.mark.django_db
def test_headers_say_how_one_stands(call: Any) -> None:
    change(SecuritySettings, {"write_per_user": 2})
    caller = call("somebody")
    first = caller("POST", "/api/notes", {"name": "a"})
    assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("2", "1")
    assert 1 <= int(first["RateLimit-Reset"]) <= 60
    assert caller("POST", "/api/notes", {"unknown": "a"})["RateLimit-Remaining"] == "0"
    refused = caller("POST", "/api/notes", {"name": "b"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
    assert refused["RateLimit-Remaining"] == "0"
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert OutboxEvent.objects.count() == 1
    assert call("another")("POST", "/api/notes", {"name": "c"}).status_code == 201


@pytest.mark.django_db
def test_strangers_are_counted_by_address_and_users_by_name(call: Any) -> None:
    change(SecuritySettings, {"read_per_address": 1, "read_per_user": 2})
    assert call()("GET", "/api/notes").status_code == 200
    assert call()("GET", "/api/notes", X_Forwarded_For="9.9.9.9").status_code == 429
    assert call("somebody")("GET", "/api/notes")["RateLimit-Limit"] == "2"


@pytest.mark.django_db
def test_401_comes_before_429_and_429_before_404(call: Any) -> None:
    change(SecuritySettings, {"write_per_user": 1})
    caller = call("client")
    caller("POST", "/api/notes", {"name": "a"})
    assert caller("PATCH", "/api/notes/01980000-0000-7000-8000-000000000000", {}).status_code == 429
    assert call("unknown")("POST", "/api/notes", {}).status_code == 401


@pytest.mark.django_db
def test_without_the_counter_only_what_must_be_counted_is_refused(
    call: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    note = OutboxEvent.objects.create(name="open", payload={})
    settings.REDIS_URL = NOWHERE
    caller = call("somebody")
    assert caller("GET", "/api/notes").status_code == 200
    assert caller("POST", "/api/notes", {"name": "a"}).status_code == 201
    assert caller("POST", "/api/auth/refresh").status_code == 200
    assert "limits_not_counted" in caplog.text
    for path, body in ((f"/api/notes/{note.id}/close", None), ("/api/auth/login", {"name": "x"})):
        response = caller("POST", path, body)
        assert (response.status_code, response.json()["error"]["code"]) == (503, "service_unavailable")
        assert response["Retry-After"]
    note.refresh_from_db()
    assert note.name == "open"
    with pytest.raises(Unavailable):
        hit("otp", "+919876543210", amount=5, seconds=600)


def test_a_counter_that_failed_is_left_alone_for_a_moment(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:2/0"
    assert hit("test", "a", amount=1, seconds=60, fail_closed=False) is None

    def asked(url: str) -> Any:
        raise AssertionError(f"{url} was asked again")

    monkeypatch.setattr(limits, "_limiter", asked)
    assert hit("test", "a", amount=1, seconds=60, fail_closed=False) is None
    with pytest.raises(Unavailable):
        hit("test", "a", amount=1, seconds=60)


@pytest.mark.django_db
def test_limits_can_be_turned_off(call: Any, settings: Any) -> None:
    change(SecuritySettings, {"write_per_user": 1})
    settings.KHIDMA_LIMITS = False
    settings.REDIS_URL = NOWHERE
    for _ in range(3):
        response = call("somebody")("POST", "/api/notes", {"name": "a"})
        assert response.status_code == 201
        assert "RateLimit-Limit" not in response


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "9.9.9.9", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "9.9.9.9", "9.9.9.9"),
        (1, "1.1.1.1, 9.9.9.9", "9.9.9.9"),
        (2, "1.1.1.1, 9.9.9.9, 8.8.8.8", "9.9.9.9"),
        (2, "9.9.9.9", "10.0.0.1"),
        (1, "nonsense", "10.0.0.1"),
        (1, "::ffff:9.9.9.9", "9.9.9.9"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_our_own_proxies_are_believed(proxies: int, forwarded: str, address: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
    with override_settings(TRUSTED_PROXIES=proxies):
        assert client_address(request) == address


def test_one_ipv6_customer_is_one_caller() -> None:
    assert limited_address("2001:db8:1:2:3::4") == limited_address("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert limited_address("9.9.9.9") == "9.9.9.9"


@pytest.fixture(autouse=True)
def closed_connections() -> Any:
    yield
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
