"""Trouble on demand: which requests and webhooks go wrong next, how, and how often."""

import fnmatch
import re
from collections.abc import Collection
from typing import Any

from sandbox.errors import Rejected
from sandbox.fields import Body, choice, flag, integer, read, text
from sandbox.state import Store

HTTP_FAULTS = (
    "timeout_after_doing",
    "timeout_before_doing",
    "error_500",
    "error_502_html",
    "error_409",
    "error_429",
    "connection_reset",
    "slow",
)
WEBHOOK_FAULTS = ("duplicate", "drop", "delay", "reorder", "bad_signature")
READERS = {
    "match": text(200, 1),
    "times": integer(1),
    "fault": choice(*HTTP_FAULTS, *WEBHOOK_FAULTS),
    "ms": integer(0),
    "afterDoing": flag,
}


def add(store: Store, body: Any) -> list[Body]:
    """Append faults to the list; each strikes `times` matching requests or events, once if not said."""
    for item in body if isinstance(body, list) else [body]:
        wanted = read(item, READERS, required=("match", "fault"))
        if (wanted["fault"] in WEBHOOK_FAULTS) != wanted["match"].startswith("webhook "):
            raise Rejected(f"{wanted['fault']} cannot strike {wanted['match']}", field="fault")
        store.connection.execute(
            "INSERT INTO faults (pattern, remaining, fault, milliseconds, after_doing) VALUES (?, ?, ?, ?, ?)",
            (
                wanted["match"],
                wanted.get("times", 1),
                wanted["fault"],
                wanted.get("ms"),
                wanted.get("afterDoing", wanted["fault"] == "timeout_after_doing"),
            ),
        )
    return pending(store)


def pending(store: Store) -> list[Body]:
    """The faults that are still to strike."""
    rows = store.connection.execute("SELECT * FROM faults ORDER BY number")
    return [
        {
            "match": row["pattern"],
            "times": row["remaining"],
            "fault": row["fault"],
            "ms": row["milliseconds"],
            "afterDoing": bool(row["after_doing"]),
        }
        for row in rows
    ]


def clear(store: Store) -> None:
    store.connection.execute("DELETE FROM faults")


def take(store: Store, subject: str, kinds: Collection[str] = HTTP_FAULTS) -> Body | None:
    """The first fault of these kinds that strikes `METHOD /path` or `webhook <event>`, counted down."""
    for row in store.connection.execute("SELECT * FROM faults ORDER BY number").fetchall():
        if row["fault"] in kinds and _strikes(row["pattern"], subject):
            store.connection.execute("UPDATE faults SET remaining = remaining - 1 WHERE number = ?", (row["number"],))
            store.connection.execute("DELETE FROM faults WHERE remaining <= 0")
            return dict(row)
    return None


def _strikes(pattern: str, subject: str) -> bool:
    """A webhook pattern is a glob over the event; a path strikes all below it unless it ends in `$`.

    In a path `*`, `{id}` and `:id` stand for one segment, and the method may be `*`.
    """
    if pattern.startswith("webhook "):
        return fnmatch.fnmatchcase(subject, pattern)
    method, _, path = pattern.partition(" ")
    exact = path.endswith("$")
    segments = [
        "[^/]+" if segment == "*" or segment[:1] in ("{", ":") else re.escape(segment)
        for segment in path.removesuffix("$").rstrip("/").split("/")
    ]
    expression = "/".join(segments) + ("" if exact else "(/.*)?")
    actual_method, _, actual_path = subject.partition(" ")
    return method in ("*", actual_method) and re.fullmatch(expression, actual_path) is not None
