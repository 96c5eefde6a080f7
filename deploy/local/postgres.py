"""Our own PostgreSQL: its data folder, its settings, its roles and its database."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from deploy.local.environment import Values
from deploy.local.place import Place

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "128MB",
    "scram_iterations": "1",  # a test that runs twenty at once opens twenty connections
    "authentication_timeout": "5s",  # DROP DATABASE waits for clients who gave up in the middle of signing in
}
PLAIN = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gist", "cube", "earthdistance")
TIMEOUTS = {
    "khidma_app": {"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "15s"},
    "khidma_readonly": {
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "15s",
        "default_transaction_read_only": "on",
    },
    "khidma_owner": {"idle_in_transaction_session_timeout": "15s"},
}

GRANTS: tuple[LiteralString, ...] = (
    "SELECT, INSERT, UPDATE, DELETE ON TABLES TO khidma_app",
    "USAGE, SELECT ON SEQUENCES TO khidma_app",
    "SELECT ON TABLES TO khidma_readonly",
)


class PostgresFailed(RuntimeError):
    """PostgreSQL could not be set up; the message carries its own words."""


def data_folder(place: Place) -> Path:
    return place.data / "postgres"


def is_made(place: Place) -> bool:
    """Whether the data folder holds a finished cluster."""
    return (data_folder(place) / "finished").exists()


def make(place: Place, values: Values) -> None:
    """Make the cluster; one that was left half made is made anew."""
    folder = place.own_folder("postgres")
    subprocess.run(["/bin/sh", "-c", 'rm -rf "$1"/* ', "sh", str(folder)], check=True)
    password = folder.parent / "password"
    password.unlink(missing_ok=True)
    with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(values["KHIDMA_PASSWORD_POSTGRES"])
    if place.account:
        os.chown(password, place.account.user, place.account.group)
    try:
        _run_initdb(place, folder, password)
    finally:
        password.unlink(missing_ok=True)
    (folder / "finished").touch()


def _run_initdb(place: Place, folder: Path, password: Path) -> None:
    how = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync", "--encoding=UTF8"]
    how += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    done = subprocess.run(
        [place.postgres / "initdb", "-D", folder, *how],
        env=PLAIN,
        cwd=place.data,
        capture_output=True,
        text=True,
        check=False,
        user=place.account.user if place.account else None,
        group=place.account.group if place.account else None,
        extra_groups=[] if place.account else None,
    )
    if done.returncode:
        raise PostgresFailed(f"initdb failed:\n{done.stdout}{done.stderr}")


def command(place: Place, port: int, *, forgetful: bool = False) -> list[str | Path]:
    """How the server is started; a forgetful one is fast and loses its data with the machine's power."""
    settings = {**SETTINGS, "port": str(port), **(FORGETFUL if forgetful else {})}
    return [
        place.postgres / "postgres",
        "-D",
        data_folder(place),
        *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
    ]


def forget_dead_postmaster(place: Place) -> None:
    """Remove a killed server's note if its id is by now another program's, which PostgreSQL cannot tell."""
    note = data_folder(place) / "postmaster.pid"
    try:
        pid = int(note.read_text().splitlines()[0])
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return
    if b"postgres" not in words.split(b"\0")[0]:
        note.unlink(missing_ok=True)


def connect(values: Mapping[str, str], database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    """A connection as superuser, each statement its own transaction."""
    return psycopg.connect(
        host="127.0.0.1",
        port=values["KHIDMA_POSTGRES_PORT"],
        user="postgres",
        password=values["KHIDMA_PASSWORD_POSTGRES"],
        dbname=database,
        connect_timeout=3,
        autocommit=True,
    )


def is_ready(values: Values) -> bool:
    try:
        connect(values).close()
    except psycopg.OperationalError:
        return False
    return True


def set_up(values: Values) -> None:
    """Make, or bring up to date, the roles, the database, its extensions and who may do what with new tables."""
    with connect(values) as connection:
        for role in TIMEOUTS:
            _set_up_role(connection, role, values[f"KHIDMA_PASSWORD_{role.removeprefix('khidma_').upper()}"])
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'khidma'").fetchone():
            connection.execute("CREATE DATABASE khidma OWNER khidma_owner")
    with connect(values, "khidma") as connection:
        for extension in EXTENSIONS:
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        for grant in GRANTS:
            connection.execute(sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE khidma_owner GRANT " + grant))


def _set_up_role(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> None:
    name = sql.Identifier(role)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(password)))
    for setting, value in TIMEOUTS[role].items():
        connection.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(setting), sql.Literal(value))
        )
