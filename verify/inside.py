"""PostgreSQL, Valkey and the gateway's stand-in for this process alone, with Django set up in it.

A proof's module may import Django, and any app, only in what it calls from within `inside()`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import sql

from deploy.local import environment, place, postgres, servers
from deploy.local.environment import ROOT, Values
from deploy.local.services import Supervisor
from verify.proof import CannotRun
from verify.running import GIVEN_BY_A_HOME

if TYPE_CHECKING:
    from sandbox.testing import StandIn

NOBODY_LISTENS = "http://127.0.0.1:9/"
TEMPLATE, DATABASE = "khidma", "khidma_proof"


@dataclass
class Inside:
    """Where everything is. `environment` is for processes that shall see the same servers."""

    home: Path
    values: Values
    gateway: "StandIn"
    environment: dict[str, str]

    def renew_database(self) -> None:
        """A database without any row, whoever is connected to the old one."""
        from django.db import connections

        connections.close_all()
        make_database(self.values)


@contextmanager
def inside(
    *, webhook_url: str = NOBODY_LISTENS, forgetful: bool = True, settings: Mapping[str, str] | None = None
) -> Iterator[Inside]:
    """Start all of it, set Django up once, and stop all of it at the end.

    A forgetful PostgreSQL does not wait for the disk; that is faster, and nothing dies with the machine here.
    `settings` are more environment variables, read by Django's settings. :raises CannotRun: something did not start.
    """
    from sandbox.testing import StandIn

    with tempfile.TemporaryDirectory(prefix="khidma-inside-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        for part in (home.parent, home, home / "logs", home / "static", home / "media"):
            part.mkdir(exist_ok=True)
            part.chmod(0o755)
        supervisor = Supervisor(print)
        try:
            values = start_servers(home, supervisor, forgetful=forgetful)
            with StandIn(
                state=home / "sandbox.sqlite3",
                webhook_url=webhook_url,
                key_id=values["RAZORPAY_KEY_ID"],
                key_secret=values["RAZORPAY_KEY_SECRET"],
                webhook_secret=values["RAZORPAY_WEBHOOK_SECRET"],
                account_number=values["RAZORPAYX_ACCOUNT_NUMBER"],
            ) as gateway:
                told = {**values, **addresses(values, home), "RAZORPAY_BASE_URL": gateway.url, **(settings or {})}
                set_up_django(told)
                yield Inside(home, values, gateway, {**os.environ, "PYTHONPATH": str(ROOT)})
        finally:
            supervisor.stop(patience=5, last=servers.NAMES)
            place.remove(home)


def start_servers(home: Path, supervisor: Supervisor, *, forgetful: bool) -> Values:
    """Both servers, the migrated template and a database copied from it."""
    values = environment.make_secrets({})
    own = [
        servers.database(home, values, forgetful=forgetful),
        servers.cache(home, values, forgetful=forgetful),
    ]
    environment.write(home / "environment", values)
    supervisor.add(*own)
    if not servers.answer(values, own):
        raise CannotRun("\n".join(f"{one.name} says:\n{one.last_words()}" for one in own))
    postgres.set_up(values)
    migrated = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--database", "owner", "--skip-checks", "--verbosity", "0"],
        env={**clean(), **settings_of_a_proof(home)},
        cwd=ROOT,
        check=False,
    )
    if migrated.returncode:
        raise CannotRun("The migrations failed; the reason stands above.")
    with postgres.connect(values) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(TEMPLATE)))
    make_database(values)
    return values


def make_database(values: Values) -> None:
    """The proof's database, anew from the template."""
    name, template = sql.Identifier(DATABASE), sql.Identifier(TEMPLATE)
    with postgres.connect(values) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER khidma_owner").format(name, template))


def clean() -> dict[str, str]:
    """This process's environment without the addresses and secrets of another home."""
    return {name: value for name, value in os.environ.items() if not name.startswith(GIVEN_BY_A_HOME)}


def settings_of_a_proof(home: Path) -> dict[str, str]:
    """What every process of a proof is told first."""
    return {
        "KHIDMA_HOME": str(home),
        "KHIDMA_ENV": "test",
        "KHIDMA_LIMITS": "off",
        "DJANGO_SETTINGS_MODULE": "khidma.settings",
    }


def addresses(values: Values, home: Path) -> dict[str, str]:
    """The addresses of the proof's own database, beside the template."""
    names = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READONLY_URL")
    return {name: values[name].rpartition("/")[0] + f"/{DATABASE}" for name in names} | settings_of_a_proof(home)


def set_up_django(told: Mapping[str, str]) -> None:
    """Django in this process, with these settings and no others. :raises CannotRun: it has settings already."""
    from django.apps import apps

    if apps.ready:
        raise CannotRun("Django was set up before; one process plays inside one Khidma only.")
    for name in os.environ.keys() - clean().keys():
        del os.environ[name]
    os.environ.update(told)

    import django

    django.setup()
