"""Fixtures of the whole suite: the worker's own database and cache, a client that speaks JSON, the gateway's stand-in."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connections

from deploy.local import pytest_worker


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
def _cache_connection() -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(settings.REDIS_URL) as connection:
        yield connection


@pytest.fixture(autouse=True)
def empty_cache(_cache_connection: "redis.Redis") -> None:
    """Every test starts with an empty Valkey: no counted requests, no cached answers."""
    _cache_connection.flushdb()


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


def is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
