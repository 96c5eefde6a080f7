"""Statements that are prepared: once a connection, again after a rollback, and seen by whoever counts queries."""

import pytest
from django.db import DatabaseError, connection, connections, transaction
from pytest_django import DjangoAssertNumQueries

from khidma.kernel.prepared import fetch_prepared

DOUBLE = "SELECT %s::int * 2, %s::text"


def prepared() -> list[tuple[str, int]]:
    """What this connection has prepared, and how often each was run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements ORDER BY 1")
        rows: list[tuple[str, int]] = cursor.fetchall()
    return rows


def test_a_statement_is_prepared_once_a_connection(committed_db: None) -> None:
    assert [fetch_prepared(DOUBLE, [number, "it's"]) for number in (1, 2)] == [(2, "it's"), (4, "it's")]
    assert prepared() == [("SELECT $1::int * 2, $2::text", 2)]
    connections.close_all()
    assert prepared() == []
    assert fetch_prepared(DOUBLE, [3, "%s"]) == (6, "%s")
    assert prepared() == [("SELECT $1::int * 2, $2::text", 1)]


def test_a_statement_is_prepared_anew_after_an_error_and_its_rollback(committed_db: None) -> None:
    fetch_prepared(DOUBLE, [1, ""])
    with pytest.raises(DatabaseError), transaction.atomic():
        fetch_prepared("SELECT 1 / %s::int", [0])
    with transaction.atomic():
        assert fetch_prepared(DOUBLE, [2, ""]) == (4, "")


def test_no_row_is_none(db: None) -> None:
    assert fetch_prepared("SELECT 1 WHERE %s::boolean", [False]) is None


def test_a_prepared_statement_counts_as_a_query(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        fetch_prepared(DOUBLE, [1, ""])
