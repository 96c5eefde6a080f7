"""Statements that the server parses and plans once a connection, for the few that run all the time."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper


def prepared_cursor() -> CursorWrapper:
    """Like `connection.cursor()`, but what it executes becomes a prepared statement of this connection.

    Parameters travel beside the statement instead of inside it, so their types must be clear from it (`%s::uuid[]`).
    The driver forgets its prepared statements after a rollback and with the connection, and prepares anew by itself.
    """
    inside: Any = connections[DEFAULT_DB_ALIAS]  # this is what it does for a cursor of its own; its stubs leave it out
    inside.close_if_health_check_failed()
    inside.ensure_connection()
    cursor: CursorWrapper = inside._prepare_cursor(ServerBindingCursor(inside.connection))
    return cursor
