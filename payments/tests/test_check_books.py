"""The whole ledger is added up anew by the clock, and what came of it is kept."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from khidma.kernel.aging import measure
from khidma.kernel.clock import Now
from khidma.tests.races import at_once
from payments.models import LedgerCheck
from payments.services import check_books
from payments.tests.factories import make_funded_escrow

in_database = pytest.mark.django_db

ROW = "payments.ledgercheck: the books were added up"
SPOIL = (
    "ALTER TABLE payments_account DISABLE TRIGGER payments_account_guard",
    "UPDATE payments_account SET balance = balance + 1 WHERE kind = 'escrow'",
    "ALTER TABLE payments_account ENABLE TRIGGER payments_account_guard",
)


@in_database
def test_a_sound_ledger_is_kept_as_sound() -> None:
    make_funded_escrow()

    check = check_books()

    assert check is not None
    assert (check.is_sound, check.faults) == (True, [])
    assert LedgerCheck.objects.count() == 1


@pytest.mark.usefixtures("committed_db")
def test_an_unsound_ledger_is_kept_with_its_faults() -> None:
    escrow = make_funded_escrow()
    with connections["owner"].cursor() as cursor:
        for statement in SPOIL:
            cursor.execute(statement)

    check = check_books()

    assert check is not None
    assert check.is_sound is False
    assert any(str(escrow.pk) in fault for fault in check.faults)
    assert len(check.faults) == 2  # the balance, and with it debits against credits


@in_database
def test_a_check_that_takes_long_is_made_less_often() -> None:
    LedgerCheck.objects.create(is_sound=True, seconds=60)

    assert check_books() is None
    LedgerCheck.objects.update(created_at=Now() - timedelta(minutes=21))

    assert check_books() is not None


@in_database
def test_sound_checks_are_forgotten_and_unsound_ones_are_not() -> None:
    LedgerCheck.objects.create(is_sound=True, seconds=0.1)
    LedgerCheck.objects.create(is_sound=False, faults=["a paisa is missing"], seconds=0.1)
    LedgerCheck.objects.update(created_at=Now() - timedelta(days=31))

    check_books()

    assert sorted(LedgerCheck.objects.values_list("is_sound", "faults")) == [
        (False, ["a paisa is missing"]),
        (True, []),
    ]


@pytest.mark.usefixtures("committed_db")
def test_of_many_at_once_one_checks() -> None:
    results = at_once(*[partial(check_books)] * 8)

    assert not [one for one in results if isinstance(one, Exception)]
    assert LedgerCheck.objects.count() == len([one for one in results if one]) < 8


@in_database
def test_books_that_nobody_adds_up_are_over_age() -> None:
    def over() -> int:
        return next(row.over for row in measure() if row.name == ROW)

    MigrationRecorder.Migration.objects.update(applied=Now() - timedelta(minutes=61))
    assert over() == 1
    check_books()
    assert over() == 0
    LedgerCheck.objects.update(created_at=Now() - timedelta(minutes=61))
    assert over() == 1
