"""Database work of sockets: a connection is kept, and a new one taken when the server has hung up."""

import asyncio

import pytest
from django.db import DatabaseError, connection

from khidma.realtime.database import THREADS, in_database

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
