"""The cells of the table, by fault and column."""

from verify.degrade.asked import (
    code_refused,
    money_as_ever,
    money_or_refused,
    money_pending,
    money_promised,
    money_refused,
    reads_as_ever,
    reads_beside_hanging_calls,
    reads_refused,
    writes_as_ever,
    writes_done,
    writes_refused,
)
from verify.degrade.lasting import (
    jobs_retried,
    jobs_wait,
    same_key,
    socket_as_ever,
    socket_closed,
    socket_closed_and_polled,
    socket_from_database,
)
from verify.degrade.world import Cell

CELLS: dict[tuple[str, str], Cell] = {
    ("Redis", "reads"): reads_as_ever,
    ("Redis", "other writes"): writes_done,
    ("Redis", "money"): money_or_refused,
    ("Redis", "socket"): socket_closed_and_polled,
    ("Redis", "jobs"): jobs_wait,
    ("Celery", "reads"): reads_as_ever,
    ("Celery", "other writes"): writes_done,
    ("Celery", "money"): money_promised,
    ("Celery", "socket"): socket_from_database,
    ("Celery", "jobs"): jobs_wait,
    ("PostgreSQL", "reads"): reads_refused,
    ("PostgreSQL", "other writes"): writes_refused,
    ("PostgreSQL", "money"): money_refused,
    ("PostgreSQL", "socket"): socket_closed,
    ("PostgreSQL", "jobs"): jobs_retried,
    ("gateway", "reads"): reads_beside_hanging_calls,
    ("gateway", "other writes"): writes_as_ever,
    ("gateway", "money"): money_pending,
    ("gateway", "socket"): socket_as_ever,
    ("gateway", "jobs"): same_key,
    ("SMS", "reads"): reads_as_ever,
    ("SMS", "other writes"): code_refused,
    ("SMS", "money"): money_as_ever,
}
"""Every cell, in the order of the table."""
