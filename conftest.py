"""Fixtures of the whole suite: own database and cache of each worker, a JSON client, the gateway's stand-in."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.conf import LazySettings, settings
from django.db import connections

from deploy.local import pytest_worker

if TYPE_CHECKING:
    from accounts.models import User
    from khidma.delivery.tests.standin import Providers
    from khidma.tests.client import JsonClient
    from sandbox.testing import StandIn


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse Django's own kind of committing test: it empties tables, which the role of the app rightly may not."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        if (mark and mark.kwargs.get("transaction")) or "transactional_db" in getattr(item, "fixturenames", ()):
            raise pytest.UsageError(f"{item.nodeid}: use the fixture committed_db where commits must be real.")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> None:
    """This worker's database, copied from the migrated template."""
    pytest_worker.renew_database()


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database in which commits are real, for threads, races and other processes; the next test gets a fresh one."""
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            connections.close_all()
    pytest_worker.renew_database()


@pytest.fixture(scope="session")
def valkey_connection() -> Iterator["redis.Redis"]:
    """A connection to this worker's own database of Valkey."""
    with redis.Redis.from_url(settings.REDIS_URL) as connection:
        yield connection


@pytest.fixture(autouse=True)
def nothing_remembered(valkey_connection: "redis.Redis") -> None:
    """Every test starts with an empty Valkey, no settings read before, and nobody outside who was ever silent."""
    from khidma.delivery.deliver import forget_failures
    from khidma.kernel.runtime import forget_cached
    from payments.providers.breaker import breaker

    valkey_connection.flushdb()
    forget_cached()
    forget_failures()
    breaker.reset()


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def connect_if_near(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not is_near(address[0]):
            raise RuntimeError(f"A test wanted to connect to {address}; tests talk to this machine only.")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_if_near)
        yield


@pytest.fixture(autouse=True)
def no_network_in_transactions(loopback_only: None) -> Iterator[None]:
    """Opening a socket while a transaction is open fails the test."""
    from khidma.kernel.network import guarded_sockets

    with guarded_sockets():
        yield


def is_near(host: str) -> bool:
    """Whether this is an address of this machine, to be reached without asking anybody for its name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture
def limits_on(settings: LazySettings) -> None:
    """Count requests as in production; in other tests the limits are off."""
    settings.KHIDMA_LIMITS = True


@pytest.fixture
def api() -> "Callable[..., JsonClient]":
    """Makes clients that speak JSON: `api(user)` with the user's bearer token, `api()` as a stranger."""
    from khidma.tests.client import JsonClient

    def client(user: "User | None" = None, **options: Any) -> "JsonClient":
        return JsonClient(user, **options)

    return client


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[StandIn]":
    """This worker's gateway, for all its tests. Nobody takes its webhooks."""
    from sandbox.testing import StandIn

    with StandIn(
        state=tmp_path_factory.mktemp("gateway") / "state.sqlite3",
        webhook_url="http://127.0.0.1:9/",
        key_id=settings.RAZORPAY_KEY_ID,
        key_secret=settings.RAZORPAY_KEY_SECRET,
        webhook_secret=settings.RAZORPAY_WEBHOOK_SECRET,
        account_number=settings.RAZORPAYX_ACCOUNT_NUMBER,
    ) as running:
        yield running


@pytest.fixture
def gateway(stand_in: "StandIn", settings: LazySettings) -> "StandIn":
    """A gateway without memory of other tests, with the settings pointing at it.

    `gateway.webhooks()` shows what it wanted to send. A test may stop or kill it.
    """
    stand_in.reset()
    settings.RAZORPAY_BASE_URL = stand_in.url
    return stand_in


@pytest.fixture(scope="session")
def running_providers() -> "Iterator[Providers]":
    """This worker's stand-in for whoever carries SMS, push and e-mail."""
    from khidma.delivery.tests.standin import Providers

    with Providers() as running:
        yield running


@pytest.fixture
def providers(
    running_providers: "Providers", settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> "Iterator[Providers]":
    """Every channel by its real adapter: MSG91 first, then Twilio; FCM; anymail's Postmark. A silence takes 0.3 s."""
    import httpx

    from khidma.delivery.providers import calling

    running_providers.reset()
    for name, value in running_providers.settings().items():
        setattr(settings, name, value)
    with httpx.Client(timeout=0.3, trust_env=False) as client:
        monkeypatch.setattr(calling, "_client", lambda: client)
        yield running_providers
