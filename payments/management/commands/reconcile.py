"""Compare the ledger with the gateway, the bank and the payout account."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from khidma.kernel.money import rupees
from payments import services
from payments.models import Difference
from payments.states import DifferenceStatus


class Command(BaseCommand):
    help = "Read all books, compare them, and print what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--day", type=date.fromisoformat, help="as of the end of this day (YYYY-MM-DD)")

    def handle(self, *args: Any, day: date | None = None, **options: Any) -> None:
        run = services.reconcile(day=day)
        share = run.matched_share
        self.stdout.write(f"{run}: {run.lines} items, {run.found} new differences, {run.closed} closed")
        self.stdout.write("matched: " + ("nothing to compare" if share is None else f"{share:.4%} of the rupees"))
        if run.unread:
            self.stdout.write(self.style.WARNING(f"not read, compared as last known: {run.unread}"))
        for one in Difference.objects.filter(status__in=[DifferenceStatus.OPEN, DifferenceStatus.EXPLAINED])[:200]:
            self.stdout.write(f"{one.kind:30} {one.reference:40} {rupees(one.amount):>16} {rupees(one.difference):>16}")
