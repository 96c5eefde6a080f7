"""A worker outlives its database: the next task finds a connection that works."""

import pytest
from django.db import OperationalError, connection

from khidma.celery import app
from khidma.kernel.tasks import deliver_outbox


def test_a_task_does_not_inherit_a_connection_that_died(committed_db: None) -> None:
    assert app.main == "khidma"
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert deliver_outbox.apply().get() == 0
