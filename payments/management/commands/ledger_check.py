"""`manage.py ledger_check`: adds the whole ledger up anew, and exits non-zero if anything is off."""

import json
import urllib.request
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from khidma.kernel.money import rupees
from payments.selectors.checking import check_ledger, compare_with_gateway


class Command(BaseCommand):
    help = "Check that every balance is the sum of its entries and every transfer balances."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gateway", action="store_true", help="compare with the stand-in's own book too")

    def handle(self, *arguments: Any, **options: Any) -> None:
        report = check_ledger()
        for total in report.totals:
            print(f"{total.kind:20}{total.normal_side:8}{total.accounts:8}{rupees(total.balance):>20}")
        faults = list(report.faults)
        if options["gateway"]:
            faults += compare_with_gateway(gateway_book(), report)
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"The books are off: {len(faults)} faults.")
        print("The books balance" + (" and agree with the gateway's." if options["gateway"] else "."))


def gateway_book() -> dict[str, Any]:
    """The stand-in's own book. :raises CommandError: it is the real gateway, or it does not answer."""
    address = f"{settings.RAZORPAY_BASE_URL}/_sandbox/ledger"
    if settings.PRODUCTION or not address.startswith("http://"):
        raise CommandError("Only the stand-in shows its book.")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
    except OSError as error:
        raise CommandError(f"The stand-in does not answer at {address}.") from error
    return found
