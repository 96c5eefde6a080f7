"""The guard that keeps network calls out of database transactions."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections


class NetworkInTransaction(RuntimeError):
    """Somebody wanted to talk to the outside while holding a transaction open."""


def in_transaction() -> bool:
    """Whether this thread holds a transaction open; the one that a test case wraps around itself does not count."""
    for connection in connections.all(initialized_only=True):
        if any(not getattr(block, "_from_testcase", False) for block in getattr(connection, "atomic_blocks", [])):
            return True
    return False


def forbid_in_transaction() -> None:
    """First line of every call that leaves the process. :raises NetworkInTransaction: a transaction is open."""
    if in_transaction():
        raise NetworkInTransaction(
            "A network call inside a transaction would hold its locks for as long as the other side likes."
        )


def give_connections_back() -> None:
    """Before a slow call: let others of the pool use this thread's connections meanwhile; the next query takes one.

    Never while an advisory lock of the session is held: it would be lost. Inside a transaction nothing happens.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


@contextmanager
def guarded_sockets() -> Iterator[None]:
    """While this lasts, opening any socket inside a transaction raises (the test suite runs under it)."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        forbid_in_transaction()
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
