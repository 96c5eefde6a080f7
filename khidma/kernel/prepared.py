"""Statements that the server parses and plans once a connection, for the few that run all the time."""

from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import ServerBindingCursor

KEPT_AS = "khidma_cursor"


def fetch_prepared(statement: str, parameters: Sequence[object]) -> Any:
    """Run a statement that answers one row, as `connection.cursor()` would, and return the row, or None.

    It becomes a prepared statement of this connection: parameters travel beside it instead of inside, so their types
    must be clear from it (`%s::uuid[]`). The driver forgets what it prepared after a rollback, and prepares it anew.
    The cursor is kept with the driver's connection, as making one costs as much as using it, and goes with it.
    """
    wrapper: Any = connections[DEFAULT_DB_ALIAS]  # what follows is what it does for a cursor of its own
    wrapper.close_if_health_check_failed()
    wrapper.ensure_connection()
    driver: Any = wrapper.connection
    cursor: Any = getattr(driver, KEPT_AS, None)
    if cursor is None:
        make: Any = ServerBindingCursor  # its stubs know nothing of a driver's cursor
        cursor = make(driver)
        setattr(driver, KEPT_AS, cursor)
    wrapper._prepare_cursor(cursor).execute(statement, parameters)
    return cursor.fetchone()
