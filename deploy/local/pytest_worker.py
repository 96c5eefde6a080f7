"""Gives each process of the test suite its own databases, before any setting is read (loaded by pytest.ini with -p)."""

import os
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from deploy.local import environment, postgres

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
DATABASE = f"khidma_{WORKER}"
CACHE_NUMBER = int(WORKER.removeprefix("gw")) + 2 if WORKER != "main" else 1

home = Path(os.environ.get("KHIDMA_HOME", ""))
if os.environ.get("KHIDMA_ENV") != "test" or not (home / "environment").exists():
    raise pytest.UsageError(
        "The tests need their own servers. Start them with `make test`, "
        'and a part of them with `make test ARGS="gigs -k search"`.'
    )

VALUES = environment.read(home / "environment")
for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READONLY_URL"):
    os.environ[name] = VALUES[name].rpartition("/")[0] + f"/{DATABASE}"
os.environ["REDIS_URL"] = VALUES["REDIS_URL"].rpartition("/")[0] + f"/{CACHE_NUMBER}"


def renew_database() -> None:
    """Drop this worker's database, whoever is connected, and make it anew from the migrated template."""
    with postgres.connect(VALUES) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        create = sql.SQL("CREATE DATABASE {} TEMPLATE khidma OWNER khidma_owner").format(sql.Identifier(DATABASE))
        for attempts_left in reversed(range(20)):
            try:
                connection.execute(create)
                return
            except psycopg.errors.ObjectInUse:  # another worker is copying the template this moment
                if not attempts_left:
                    raise
