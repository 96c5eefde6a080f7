"""Statements that the server parses and plans once a connection, for the few that run all the time."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import ServerBindingCursor

_cursors: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""By the driver's connection: making a cursor costs as much as using it. Nobody else sees it between two statements."""


def fetch_prepared(statement: str, parameters: Sequence[object]) -> Any:
    """Run a statement that answers one row, as `connection.cursor()` would, and return the row, or None.

    It becomes a prepared statement of this connection: parameters travel beside it instead of inside, so their types
    must be clear from it (`%s::uuid[]`). The driver forgets what it prepared after a rollback, and prepares it anew.
    """
    wrapper: Any = connections[DEFAULT_DB_ALIAS]  # what follows is what it does for a cursor of its own
    wrapper.close_if_health_check_failed()
    wrapper.ensure_connection()
    cursor: Any = _cursors.get(wrapper.connection)
    if cursor is None:
        make: Any = ServerBindingCursor  # its stubs know nothing of a driver's cursor
        cursor = _cursors[wrapper.connection] = make(wrapper.connection)
    wrapper._prepare_cursor(cursor).execute(statement, parameters)
    return cursor.fetchone()
