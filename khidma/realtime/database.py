"""Database work of sockets, apart from that of HTTP requests, which neither holds it up nor starves.

Single statements run on the event loop, over connections of its own; whatever blocks, on a few threads of its own.
"""

import asyncio
import select
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.utils.translation import get_language, override
from psycopg.rows import DictRow, dict_row

THREADS = 6
CONNECTIONS = 6

T = TypeVar("T")
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="socket-database")


async def fetch(statement: str, parameters: Sequence[object]) -> list[DictRow]:
    """The rows of one statement, which is a transaction of its own, without a thread: that would cost more than it.

    It is prepared once a connection, so types must be clear from it (`%s::jsonb`).
    :raises DatabaseError: also where the database cannot be reached.
    """
    try:
        return await _connections().fetch(statement, parameters)
    except psycopg.Error as error:
        raise DatabaseError(str(error)) from error


async def hang_up() -> None:
    """Close the connections of this event loop; the next statement opens a new one."""
    if kept := _kept.pop(asyncio.get_running_loop(), None):
        await kept.close()


async def in_database(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run blocking work off the event loop, one short transaction at most, in the language that is active here.

    Each thread keeps its connection: to fetch one from the pool and try it costs as much as a message.
    """
    loop = asyncio.get_running_loop()
    spoken = partial(_do, get_language(), partial(work, *args, **kwargs))
    return await loop.run_in_executor(_pool, copy_context().run, spoken)


class Connections:
    """The connections of one event loop, as many as are used at once. A pool would wait where the database is gone."""

    def __init__(self) -> None:
        self._seats = asyncio.Semaphore(CONNECTIONS)
        self._free: list[psycopg.AsyncConnection[DictRow]] = []

    async def fetch(self, statement: str, parameters: Sequence[object]) -> list[DictRow]:
        """See `fetch`. :raises psycopg.Error:"""
        async with self._seats:
            driver = await self._take()
            try:
                cursor = await driver.execute(statement, parameters)
                return await cursor.fetchall()
            finally:
                if not driver.closed:
                    self._free.append(driver)

    async def close(self) -> None:
        """Close those that nobody uses."""
        while self._free:
            await self._free.pop().close()

    async def _take(self) -> psycopg.AsyncConnection[DictRow]:
        while self._free:
            driver = self._free.pop()
            if not _was_hung_up(driver):
                return driver
            await driver.close()
        given = connections[DEFAULT_DB_ALIAS].get_connection_params()
        told = {name: value for name, value in given.items() if name not in ("context", "cursor_factory", "pool")}
        return await psycopg.AsyncConnection.connect(**told, autocommit=True, row_factory=dict_row)


_kept: WeakKeyDictionary[asyncio.AbstractEventLoop, Connections] = WeakKeyDictionary()


def _connections() -> Connections:
    loop = asyncio.get_running_loop()
    kept = _kept.get(loop)
    if kept is None:
        kept = _kept[loop] = Connections()
    return kept


def _do(language: str | None, work: Callable[[], T]) -> T:
    if connection.connection is not None and _was_hung_up(connection.connection):
        connection.close()
    try:
        with override(language):  # Django keeps it for each thread
            return work()
    finally:
        if connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()


def _was_hung_up(driver: Any) -> bool:
    """Whether the server has said something while nobody asked: it only does so to say goodbye."""
    if driver.closed:
        return True
    look = select.poll()
    look.register(driver.fileno(), select.POLLIN)
    return bool(look.poll(0))
