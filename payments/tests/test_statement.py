"""Tests of the wallet's statement: the balance after each line, what an earning is made of, and what a page costs."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_doer
from payments import services
from payments.models import Entry
from payments.tests.factories import balance, earn, make_bank_account, make_funded_escrow
from payments.tests.test_taxes import GSTIN, declare

pytestmark = pytest.mark.django_db


def test_the_balance_after_each_line_is_the_sum_of_all_up_to_it(api: Any) -> None:
    doer = make_doer()
    make_bank_account(doer)
    for amount in (10_000, 25_000, 12_345, 40_000):
        earn(doer, amount)
        services.request_payout(user=doer, amount=10_000)
    caller = api(doer)
    lines, cursor = [], None
    for _ in range(3):
        answer = caller.get("/api/wallet/transactions", {"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        lines += answer["data"]
        cursor = answer["pagination"]["nextCursor"]
    assert len(lines) == 8
    running = 0
    for line in reversed(lines):
        running += line["amount"]
        assert line["balanceAfter"] == running
    assert running == balance("wallet", doer.pk) == 47_345
    earned = caller.get("/api/wallet/transactions", {"type": "earning"}).json()["data"]
    assert [line["balanceAfter"] for line in earned] == [57_345, 27_345, 25_000, 10_000]


def test_a_breakdown_has_every_tax_that_was_due(api: Any) -> None:
    doer = make_doer()
    declare(doer, "other", GSTIN)
    escrow = make_funded_escrow(100_000, payee=doer)
    services.settle_escrow(reference=escrow.reference, payee_gross=100_000, reason="approved")
    line = api(doer).get("/api/wallet/transactions").json()["data"][0]
    parts = {"gross": 100_000, "platformFee": 10_000, "gst": 1_800, "tds": 100, "tcs": 500}
    assert line["breakdown"] == parts
    assert line["amount"] == 100_000 - sum(amount for name, amount in parts.items() if name != "gross")


def test_a_long_statement_takes_no_more_queries_and_no_sum_per_line(api: Any) -> None:
    doer = make_doer()
    earn(doer, 10_000)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            assert api(doer).get("/api/wallet/transactions").status_code == 200
        counts.append(len(seen))
        for _ in range(5):
            earn(doer, 1_000)
    assert counts[0] == counts[1]
    assert Entry.objects.filter(account__kind="wallet", account__owner_id=doer.pk).count() == 11
    assert sum("payments_entry" in query["sql"] for query in seen.captured_queries) <= 3
