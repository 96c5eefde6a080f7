"""`manage.py stuck`: what has stayed longer where it is than the table of maximum ages allows."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from khidma.kernel.aging import Measured, measure

EXAMPLES = 5


class Command(BaseCommand):
    """Exit code 1 where anything is over age."""

    help = "Print what is over its maximum age; with --all, the whole table."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document")
        parser.add_argument("--all", action="store_true", help="every row of the table, over age or not")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = measure(examples=EXAMPLES)
        shown = rows if options["all"] else [row for row in rows if row.over]
        if options["json"]:
            self.stdout.write(json.dumps([as_dict(row) for row in shown]))
        else:
            for row in shown:
                self.stdout.write(as_line(row))
            over = sum(row.over for row in rows)
            self.stdout.write(f"{over} over age, in a table of {len(rows)} rows.")
        if any(row.over for row in rows):
            sys.exit(1)


def as_dict(row: Measured) -> dict[str, Any]:
    """A row for machines; ages in seconds."""
    return {
        "name": row.name,
        "maximumAgeSeconds": row.limit.total_seconds(),
        "count": row.count,
        "overAge": row.over,
        "oldestSeconds": row.oldest.total_seconds() if row.oldest is not None else None,
        "endedBy": row.ended_by,
        "examples": list(row.examples),
    }


def as_line(row: Measured) -> str:
    """A row for people."""
    oldest = str(row.oldest).split(".")[0] if row.oldest is not None else "never"
    line = f"{row.name}: {row.over} of {row.count} over {row.limit}, oldest {oldest}, ended by {row.ended_by}"
    return f"{line} ({', '.join(row.examples)})" if row.examples else line
