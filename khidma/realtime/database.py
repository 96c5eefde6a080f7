"""Database work that sockets ask for, on a few threads of its own: HTTP requests neither hold it up nor starve."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from channels.db import DatabaseSyncToAsync

THREADS = 6

T = TypeVar("T")
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="socket-database")


async def in_database(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run blocking work off the event loop, one short transaction at most; its connection goes back afterwards."""
    result: T = await DatabaseSyncToAsync(work, thread_sensitive=False, executor=_pool)(*args, **kwargs)
    return result
