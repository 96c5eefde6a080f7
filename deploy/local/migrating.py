"""Whether a start can skip `migrate`, which takes seconds to find out that nothing is to be done."""

import hashlib
from pathlib import Path

import psycopg

from deploy.local import postgres
from deploy.local.environment import ROOT, Values

Fingerprint = str


def fingerprint(values: Values) -> Fingerprint:
    """Every migration there is in the code, the libraries with theirs, and what this very database has seen of them."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for path in sorted(path for depth in ("*", "*/*") for path in ROOT.glob(f"{depth}/migrations/*.py")):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return f"{digest.hexdigest()} {seen_by_database(values)}\n"


def seen_by_database(values: Values) -> str:
    with postgres.connect(values, "khidma") as connection:
        try:
            row = connection.execute(
                "SELECT system_identifier, (SELECT count(*) || ' ' || max(applied) FROM django_migrations)"
                " FROM pg_control_system()"
            ).fetchone()
        except psycopg.errors.UndefinedTable:
            return "nothing"
    return " ".join(map(str, row or ()))


def is_done(mark: Path, values: Values) -> bool:
    """Whether the last `migrate` of this home was of the same migrations on the same database."""
    return mark.exists() and mark.read_text() == fingerprint(values)
