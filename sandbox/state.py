"""The stand-in's memory: one SQLite file of documents, idempotency keys, due work and the journal."""

import fcntl
import json
import secrets
import sqlite3
import string
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.configuration import Configuration
from sandbox.errors import Rejected
from sandbox.fields import Body

ALPHABET = string.ascii_letters + string.digits
SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS documents_of_kind ON documents (kind, number);
CREATE INDEX IF NOT EXISTS documents_by_receipt ON documents (kind, json_extract(body, '$.receipt'));
CREATE INDEX IF NOT EXISTS documents_by_order ON documents (kind, json_extract(body, '$.order_id'));
CREATE INDEX IF NOT EXISTS documents_by_payment ON documents (kind, json_extract(body, '$.payment_id'));
CREATE INDEX IF NOT EXISTS documents_by_reference ON documents (kind, json_extract(body, '$.reference_id'));
CREATE INDEX IF NOT EXISTS documents_by_contact ON documents (kind, json_extract(body, '$.contact_id'));
CREATE INDEX IF NOT EXISTS documents_by_status ON documents (kind, json_extract(body, '$.status'));
CREATE TABLE IF NOT EXISTS idempotency_keys (
    scope TEXT NOT NULL, key TEXT NOT NULL, request TEXT NOT NULL, document TEXT NOT NULL, created_at REAL NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS work (
    number INTEGER PRIMARY KEY, due_at REAL NOT NULL, task TEXT NOT NULL, document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS work_due ON work (due_at);
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY, made_at INTEGER NOT NULL, kind TEXT NOT NULL, document TEXT NOT NULL,
    facts TEXT NOT NULL, settlement TEXT
);
CREATE INDEX IF NOT EXISTS entries_of_document ON entries (document);
CREATE TABLE IF NOT EXISTS moves (
    number INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries (number),
    source TEXT NOT NULL, target TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), CHECK (source <> target)
);
CREATE INDEX IF NOT EXISTS moves_of_entry ON moves (entry);
CREATE TABLE IF NOT EXISTS balances (account TEXT PRIMARY KEY, amount INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL,
    signature TEXT NOT NULL, next_at REAL, attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting',
    examined INTEGER NOT NULL DEFAULT 0,
    instant INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0, last_answer TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS faults (
    number INTEGER PRIMARY KEY, pattern TEXT NOT NULL, remaining INTEGER NOT NULL, fault TEXT NOT NULL,
    milliseconds INTEGER, after_doing INTEGER NOT NULL
);
"""


class StateInUse(Exception):
    """Another stand-in works on the same state file."""


class Store:
    """Documents with their private facts (names starting with `_`), under the stand-in's own clock.

    Every change happens inside `transaction()`. One process, one thread, one connection: SQLite serialises nothing here
    but survival.
    """

    def __init__(self, configuration: Configuration, *, patience: float = 5.0) -> None:
        self.configuration = configuration
        configuration.state.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _take_lock(configuration.state, patience)
        self.connection = sqlite3.connect(configuration.state, isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.executescript(SCHEMA)
        self.on_change: Callable[[], None] = lambda: None

    def close(self) -> None:
        self.connection.close()
        self._lock.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything or nothing; inside another one it is part of that."""
        if self.connection.in_transaction:
            yield
            return
        changes = self.connection.total_changes
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        if self.connection.total_changes != changes:
            self.on_change()

    def now(self) -> float:
        """Seconds since the epoch, shifted as `/_sandbox/clock` was told."""
        return time.time() + float(self.setting("clock_shift", 0))

    def moment(self) -> int:
        return int(self.now())

    def setting(self, name: str, default: Any) -> Any:
        row = self.connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row["value"])

    def set(self, name: str, value: Any) -> None:
        self.connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))

    def wipe(self) -> None:
        """Forget everything, also what is due. Deliveries keep counting, so that one under way meets no other row."""
        for table in ("settings", "documents", "idempotency_keys", "work", "moves", "entries", "balances"):
            self.connection.execute(f"DELETE FROM {table}")
        self.connection.execute("DELETE FROM deliveries")
        self.connection.execute("DELETE FROM faults")

    def account_id(self) -> str:
        """The merchant's id in webhook bodies, made once per state file."""
        known = self.setting("account_id", None)
        if known is None:
            known = new_id("acc")
            self.set("account_id", known)
        return str(known)

    def add(self, kind: str, document: Body, *, at: int | None = None) -> Body:
        """Keep a new document; `at` is the moment by which it is listed, where that is not when it was created."""
        self.connection.execute(
            "INSERT INTO documents (id, kind, created_at, body) VALUES (?, ?, ?, ?)",
            (document["id"], kind, document["created_at"] if at is None else at, json.dumps(document)),
        )
        return document

    def save(self, document: Body) -> Body:
        self.connection.execute("UPDATE documents SET body = ? WHERE id = ?", (json.dumps(document), document["id"]))
        return document

    def get(self, kind: str, document_id: str) -> Body:
        """:raises Rejected: there is no such document of this kind."""
        row = self.connection.execute(
            "SELECT body FROM documents WHERE id = ? AND kind = ?", (document_id, kind)
        ).fetchone()
        if row is None:
            raise Rejected("The id provided does not exist", reason="input_validation_failed", source="business")
        return dict(json.loads(row["body"]))

    def find(
        self,
        kind: str,
        where: Mapping[str, Any] | None = None,
        *,
        since: int | None = None,
        until: int | None = None,
        count: int = -1,
        skip: int = 0,
        oldest_first: bool = False,
    ) -> list[Body]:
        """Documents whose named fields have these values; `where` holds names from code, never from a request."""
        conditions: list[str] = ["kind = ?"]
        values: list[Any] = [kind]
        for name, value in (where or {}).items():
            conditions.append(f"json_extract(body, '$.{name}') = ?")
            values.append(value)
        for sign, moment in ((">=", since), ("<=", until)):
            if moment is not None:
                conditions.append(f"created_at {sign} ?")
                values.append(moment)
        order = "ASC" if oldest_first else "DESC"
        rows = self.connection.execute(
            f"SELECT body FROM documents WHERE {' AND '.join(conditions)} ORDER BY number {order} LIMIT ? OFFSET ?",
            (*values, count, skip),
        )
        return [json.loads(row["body"]) for row in rows]

    def schedule(self, task: str, document_id: str, *, at: float) -> None:
        """Remember that this is to be done then, also by a later process."""
        self.connection.execute("INSERT INTO work (due_at, task, document) VALUES (?, ?, ?)", (at, task, document_id))

    def unschedule(self, task: str, document_id: str) -> None:
        self.connection.execute("DELETE FROM work WHERE task = ? AND document = ?", (task, document_id))

    def take_due_work(self) -> tuple[str, str] | None:
        """The task and document of the oldest work that is due, taken off the list in the caller's transaction."""
        row = self.connection.execute(
            "DELETE FROM work WHERE number ="
            " (SELECT number FROM work WHERE due_at <= ? ORDER BY due_at, number LIMIT 1) RETURNING task, document",
            (self.now(),),
        ).fetchall()
        return (row[0]["task"], row[0]["document"]) if row else None


def new_id(prefix: str = "") -> str:
    """Fourteen base-62 characters, behind their prefix."""
    characters = "".join(secrets.choice(ALPHABET) for _ in range(14))
    return f"{prefix}_{characters}" if prefix else characters


def public(value: Any) -> Any:
    """The document as the gateway shows it: without the private facts, on any level."""
    if isinstance(value, dict):
        return {name: public(part) for name, part in value.items() if not name.startswith("_")}
    if isinstance(value, list):
        return [public(part) for part in value]
    return value


def _take_lock(state: Path, patience: float) -> Any:
    """An advisory lock that ends with the process; a stand-in that is just stopping gets some seconds to let go."""
    lock = open(f"{state}.lock", "w")  # noqa: SIM115
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > end:
                lock.close()
                raise StateInUse(f"Another stand-in uses {state}.") from None
            time.sleep(0.05)
