"""Database work of sockets: a connection is kept, and a new one taken when the server has hung up."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from django.db import DatabaseError, connection

from khidma.realtime.database import CONNECTIONS, THREADS, fetch, hang_up, in_database

pytestmark = pytest.mark.usefixtures("committed_db")


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        found: int = cursor.fetchone()[0]
    return found


def hang_up_on_all_others() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
    connection.close()


def fail() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


async def all_backends() -> set[int]:
    """The connections of the threads, as many of them as take part."""
    return set(await asyncio.gather(*[in_database(backend) for _ in range(4 * THREADS)]))


async def test_connections_are_kept_and_made_anew_when_the_server_has_hung_up() -> None:
    before = await all_backends()
    assert await all_backends() & before
    await asyncio.to_thread(hang_up_on_all_others)
    await asyncio.sleep(0.2)
    assert not await all_backends() & before


async def test_a_statement_that_fails_spoils_no_later_one() -> None:
    for _ in range(THREADS):
        with pytest.raises(DatabaseError):
            await in_database(fail)
    assert await all_backends()


async def fetch_backends(count: int = 4 * CONNECTIONS) -> set[int]:
    """The connections of the event loop, as many of them as take part."""
    rows = await asyncio.gather(*[fetch("SELECT pg_backend_pid() AS pid, pg_sleep(0.01)", []) for _ in range(count)])
    return {row["pid"] for [row] in rows}


@pytest.fixture
async def hung_up_after() -> AsyncIterator[None]:
    yield
    await hang_up()


@pytest.mark.usefixtures("hung_up_after")
async def test_statements_on_the_event_loop_share_a_few_connections_made_anew_when_the_server_hung_up() -> None:
    before = await fetch_backends()
    assert len(before) <= CONNECTIONS
    assert await fetch_backends() == before
    await asyncio.to_thread(hang_up_on_all_others)
    await asyncio.sleep(0.2)
    assert not await fetch_backends() & before


@pytest.mark.usefixtures("hung_up_after")
async def test_a_statement_that_fails_or_that_nobody_waits_for_spoils_no_later_one() -> None:
    for _ in range(CONNECTIONS):
        with pytest.raises(DatabaseError):
            await fetch("SELECT 1 / 0", [])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(fetch("SELECT pg_sleep(1)", []), 0.05)
    assert await fetch("SELECT %s::int + 1 AS sum", [1]) == [{"sum": 2}]
    assert len(await fetch_backends()) <= CONNECTIONS


@pytest.mark.usefixtures("hung_up_after")
async def test_without_a_server_the_answer_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    began = time.monotonic()
    with pytest.raises(DatabaseError):
        await fetch("SELECT 1", [])
    assert time.monotonic() - began < 1
