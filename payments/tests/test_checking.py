"""Checking the books: the command finds what is off, and says nothing where all is well."""

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from accounts.tests.factories import make_doer
from payments import services
from payments.selectors import check_ledger
from payments.selectors.checking import compare_with_gateway
from payments.tests.factories import balance, make_funded_escrow, make_payout
from payments.tests.test_gateway import late_refund
from payments.tests.test_payouts import verified_payout
from sandbox.testing import StandIn


def break_books(statement: str) -> None:
    """Do what the database forbids, as a superuser of the tables might: with the triggers off."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table in ("payments_account", "payments_entry", "payments_transfer"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        for table in ("payments_account", "payments_entry", "payments_transfer"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_sound_books_are_said_to_be_so(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    make_payout(make_doer())
    make_funded_escrow()
    call_command("ledger_check")
    shown = capsys.readouterr().out
    assert "The books balance." in shown
    assert "₹1,000.00" in shown


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE payments_account SET balance = balance + 1 WHERE kind = 'wallet'", "its entries say"),
        (
            "UPDATE payments_entry SET amount = amount + 1 WHERE id = (SELECT max(id) FROM payments_entry)",
            "not balance",
        ),
        ("UPDATE payments_transfer SET entry_count = 9", "does not balance"),
        ("UPDATE payments_account SET balance = balance + 1 WHERE kind = 'bank'", "debits are"),
    ],
)
def test_broken_books_are_found(committed_db: None, statement: str, complaint: str) -> None:
    make_payout(make_doer())
    assert check_ledger().is_sound
    break_books(statement)
    assert complaint in " ".join(check_ledger().faults)
    errors = io.StringIO()
    with pytest.raises(CommandError, match="The books are off"):
        call_command("ledger_check", stderr=errors)
    assert complaint in errors.getvalue()


def test_owners_money_is_booked_once_for_each_key(db: None) -> None:
    for _ in range(2):
        services.book_owner_funds(amount=100_000_000, key="opening")
    assert balance("payout_bank") == balance("owner") == 100_000_000


def test_the_books_agree_with_the_gateways_at_every_step(db: None, gateway: StandIn) -> None:
    def differences() -> dict[str, int]:
        """Ours less theirs, where they are not the same."""
        lines = compare_with_gateway(gateway.ledger(), check_ledger())
        found = [re.fullmatch(r"(.+): ours (-?\d+), theirs (-?\d+)", line) for line in lines]
        return {match[1]: int(match[2]) - int(match[3]) for match in found if match}

    assert differences() == {"payout account": -100_000_000}
    services.book_owner_funds(amount=100_000_000, key="opening")
    assert differences() == {}
    payout = verified_payout(make_doer(), gateway)
    earned = differences()
    assert list(earned) == ["gateway"]  # what this doer earned was never paid at the stand-in
    for outcome in ("processing", "processed", "reversed"):
        if outcome != "processing":
            gateway.settle_payout(str(payout.gateway_payout_id), outcome)
        services.send_payout(payout_id=payout.pk)
        payout.refresh_from_db()
        assert (payout.status, differences()) == (outcome, earned)
    refund = late_refund(gateway)
    gateway.set_pace(refundAfterMs=60_000)
    services.send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    assert (refund.status, differences()) == ("waiting_funds", earned)
    gateway.set_balances(gateway=1_000_000)
    earned = differences()
    services.send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    assert (refund.status, differences()) == ("sent", earned)
