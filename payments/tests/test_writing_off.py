"""Debts that are written off: old ones only, by two people, once."""

from datetime import timedelta

import pytest
from django.db import connections

from accounts.models import User
from accounts.tests.factories import make_operator
from khidma.kernel import clock
from khidma.tests.races import at_once
from payments import services
from payments.errors import AlreadyAsked, DebtTooYoung, SamePerson
from payments.models import SecondPersonAct, Transfer
from payments.selectors import check_ledger
from payments.tests.factories import balance, books, earn
from payments.tests.test_returns import mark_sent, released, send_back, withdraw_all

DEBT = 88_200


def debtor(days: int = 181) -> User:
    """A user who withdrew everything and then had to give it back, so many days ago."""
    escrow = released()
    mark_sent(withdraw_all(escrow))
    send_back(escrow, 100_000)
    assert balance("receivable", escrow.payee_id) == DEBT
    pass_days(days)
    return escrow.payee


def pass_days(days: int) -> None:
    """The database's clock goes on."""
    clock.shift(timedelta(days=days))
    connections["owner"].close()


def ask(user: User, operator: User | None = None) -> SecondPersonAct:
    return services.ask_write_off(user=user, operator=operator or make_operator("finance"), reason="Cannot be found.")


def test_a_second_person_turns_an_old_debt_into_a_loss(committed_db: None) -> None:
    user, first = debtor(), make_operator("finance")
    act = ask(user, first)
    before = books()
    with pytest.raises(SamePerson):
        services.confirm_act(act=act, operator=first)
    assert (books(), act.amount) == (before, DEBT)
    services.confirm_act(act=act, operator=make_operator("finance"))
    assert (balance("receivable", user.pk), balance("loss")) == (0, DEBT)
    assert Transfer.objects.filter(key=f"writeoff:{act.pk}").count() == 1
    assert check_ledger().faults == []


def test_a_young_debt_is_not_written_off(committed_db: None) -> None:
    user = debtor(179)
    before = books()
    with pytest.raises(DebtTooYoung):
        ask(user)
    assert (books(), SecondPersonAct.objects.count()) == (before, 0)


def test_what_was_paid_meanwhile_is_no_loss(committed_db: None) -> None:
    user = debtor()
    act = ask(user)
    earn(user, 10_000)
    before = books()
    with pytest.raises(DebtTooYoung):
        services.confirm_act(act=act, operator=make_operator("finance"))
    assert (books(), SecondPersonAct.objects.get().status) == (before, "asked")


def test_the_same_debt_is_asked_for_once(committed_db: None) -> None:
    user = debtor()
    ask(user)
    with pytest.raises(AlreadyAsked):
        ask(user)


def test_ten_who_confirm_at_once_book_one_loss(committed_db: None) -> None:
    user = debtor()
    act = ask(user)
    operators = [make_operator("finance") for _ in range(10)]
    at_once(*[lambda who=who: services.confirm_act(act=act, operator=who) for who in operators])
    assert (balance("receivable", user.pk), balance("loss")) == (0, DEBT)
