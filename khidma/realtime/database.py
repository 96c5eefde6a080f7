"""Database work that sockets ask for, on a few threads of its own: HTTP requests neither hold it up nor starve."""

import asyncio
import select
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from django.db import connection
from django.utils.translation import get_language, override

THREADS = 6

T = TypeVar("T")
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="socket-database")


async def in_database(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run blocking work off the event loop, one short transaction at most, in the language that is active here.

    Each thread keeps its connection: to fetch one from the pool and try it costs as much as a message.
    """
    loop = asyncio.get_running_loop()
    spoken = partial(_do, get_language(), partial(work, *args, **kwargs))
    return await loop.run_in_executor(_pool, copy_context().run, spoken)


def _do(language: str | None, work: Callable[[], T]) -> T:
    if connection.connection is not None and _was_hung_up():
        connection.close()
    try:
        with override(language):  # Django keeps it for each thread
            return work()
    finally:
        if connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()


def _was_hung_up() -> bool:
    """Whether the server has said something while nobody asked: it only does so to say goodbye."""
    if connection.connection.closed:
        return True
    look = select.poll()
    look.register(connection.connection.fileno(), select.POLLIN)
    return bool(look.poll(0))
