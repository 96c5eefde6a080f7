"""An operator acts on a difference while the books are compared: neither undoes the other."""

from collections.abc import Callable
from datetime import date
from threading import Event

import pytest
from django.db import transaction

from accounts.tests.factories import make_operator
from khidma.kernel.clock import now
from khidma.tests.races import at_once
from payments import services
from payments.models import Difference, ReconciliationRun
from payments.selectors.comparing import Comparison, Found
from payments.services import reconciling
from payments.services.reconciling import compare
from payments.tests.test_holds import wait_until_somebody_waits


def at_another_figure() -> Comparison:
    found = Found(subject="payment", reference="pay_1", our_paise=None, their_paise=9, ours="", theirs="9")
    return Comparison(differences=[found], not_due=[], matched=0, items=1)


def without_it() -> Comparison:
    return Comparison(differences=[], not_due=[], matched=0, items=0)


@pytest.mark.parametrize(("books", "shown"), [(without_it, [("resolved", 5)]), (at_another_figure, [("open", 9)])])
def test_what_is_resolved_while_the_books_are_compared_stays_so_at_its_figure(
    committed_db: None, monkeypatch: pytest.MonkeyPatch, books: Callable[[], Comparison], shown: list[tuple[str, int]]
) -> None:
    run = ReconciliationRun.objects.create(day=date(2026, 11, 21))
    row = Difference.objects.create(
        subject="payment", side="only_theirs", reference="pay_1", amount=5, difference=-5, last_run=run
    )
    operator, begun = make_operator("finance"), Event()
    services.explain_difference(difference=row, note="Late", operator=operator)
    monkeypatch.setattr(reconciling, "compare_books", lambda **_: books())

    @transaction.atomic
    def resolve() -> None:
        services.resolve_difference(difference=row, reason="Seen", operator=operator)
        begun.set()
        wait_until_somebody_waits()

    def compare_meanwhile() -> ReconciliationRun:
        begun.wait(timeout=5)
        return compare(run=run, moment=now())

    resolved, compared = at_once(resolve, compare_meanwhile)
    assert (resolved, type(compared)) == (None, ReconciliationRun), compared
    row.refresh_from_db()
    assert (row.status, row.amount, compared.closed) == ("resolved", 5, 0)
    assert [(one.status, one.amount) for one in Difference.objects.order_by("-id")[:1]] == shown
