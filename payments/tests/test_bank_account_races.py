"""Bank accounts that several requests change at the same moment, and those that somebody removed a moment ago."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.tests.factories import make_doer
from khidma.kernel.errors import NotFound
from khidma.tests.races import at_once
from payments import services
from payments.models import BankAccount, Payout, Validation
from payments.tests.factories import balance, earn, make_bank_account, make_payout

CALLERS = 20


def kinds(answers: list[Any]) -> dict[str, int]:
    """How often each kind of answer came."""
    names = [type(answer).__name__ for answer in answers]
    return {name: names.count(name) for name in set(names)}


def shown(user: Any) -> list[tuple[bool, bool]]:
    """Of each account in the order of adding: is it the default, is it removed?"""
    return [(row.is_default, row.removed_at is not None) for row in user.bank_accounts.order_by("id")]


# Removed a moment ago, between the request's look and its lock


@pytest.mark.parametrize(
    "act",
    [
        lambda account: services.make_default(account=account),
        lambda account: services.start_validation(account=account, user=account.user),
        lambda account: services.remove_bank_account(account=account),
    ],
    ids=["default", "check", "remove"],
)
def test_what_was_removed_a_moment_ago_is_not_found(db: None, act: Callable[[BankAccount], Any]) -> None:
    user = make_doer()
    make_bank_account(user)
    account = services.add_bank_account(user=user, holder_name="Ravi Kumar", vpa="ravi.kumar@okbank")
    services.remove_bank_account(account=account)
    removed_at = BankAccount.objects.get(pk=account.pk).removed_at
    with pytest.raises(NotFound):
        act(account)
    assert shown(user) == [(True, False), (False, True)]
    assert BankAccount.objects.get(pk=account.pk).removed_at == removed_at
    assert Validation.objects.filter(bank_account=account).count() == 0


# Many at once


def test_twenty_who_have_one_account_checked_pay_for_one_penny_drop(committed_db: None) -> None:
    user = make_doer()
    account = services.add_bank_account(user=user, holder_name="Ravi Kumar", vpa="ravi.kumar@okbank")
    answers = at_once(*[lambda: services.start_validation(account=account, user=user)] * CALLERS)
    assert kinds(answers) == {"Validation": CALLERS}, answers
    assert Validation.objects.count() == len({answer.pk for answer in answers}) == 1


def test_an_account_is_either_removed_or_withdrawn_to(committed_db: None) -> None:
    user = make_doer()
    earn(user, 50_000)
    account = make_bank_account(user)
    withdrawing = [lambda: services.request_payout(user=user, amount=50_000)] * (CALLERS // 2)
    removing = [lambda: services.remove_bank_account(account=account)] * (CALLERS // 2)
    answers = at_once(*[call for pair in zip(removing, withdrawing, strict=True) for call in pair])
    account.refresh_from_db()
    half = CALLERS // 2
    if account.removed_at is None:
        assert kinds(answers) == {"Payout": 1, "BalanceTooSmall": half - 1, "BankAccountInUse": half}, answers
        assert balance("wallet", user.pk) == 0
    else:
        assert kinds(answers) == {"NoneType": 1, "NotFound": half - 1, "NoBankAccount": half}, answers
        assert balance("wallet", user.pk) == 50_000
        assert Payout.objects.count() == 0


def test_twenty_who_withdraw_everything_to_different_accounts_are_one_winner(committed_db: None) -> None:
    user = make_doer()
    earn(user, 50_000)
    accounts = [make_bank_account(user) for _ in range(CALLERS)]
    answers = at_once(
        *[
            lambda account=account: services.request_payout(user=user, amount=50_000, bank_account_id=account.pk)
            for account in accounts
        ]
    )
    assert kinds(answers) == {"Payout": 1, "BalanceTooSmall": CALLERS - 1}, answers
    assert balance("wallet", user.pk) == 0
    assert balance("payout_pending", Payout.objects.get().pk) == 50_000


def test_twenty_who_cancel_one_withdrawal_get_the_money_back_once(committed_db: None) -> None:
    user = make_doer()
    payout = make_payout(user, 50_000)
    answers = at_once(*[lambda: services.cancel_payout(payout=payout, user=user)] * CALLERS)
    assert kinds(answers) == {"Payout": 1, "PayoutAlreadySent": CALLERS - 1}, answers
    assert balance("wallet", user.pk) == 50_000


def test_adding_choosing_and_removing_at_once_leave_one_default(committed_db: None) -> None:
    user = make_doer()
    first, second, third = (make_bank_account(user) for _ in range(3))
    added: dict[str, Any] = {
        "holder_name": "Ravi Kumar",
        "account_number": "999900001111",
        "ifsc": "HDFC0000053",
    }
    answers = at_once(
        *[lambda: services.add_bank_account(user=user, **added)] * 5,
        *[lambda: services.make_default(account=second)] * 5,
        *[lambda: services.make_default(account=third)] * 5,
        *[lambda: services.remove_bank_account(account=first)] * 5,
    )
    assert kinds(answers) == {"BankAccount": 11, "BankAccountExists": 4, "NoneType": 1, "NotFound": 4}, answers
    assert user.bank_accounts.filter(removed_at=None).count() == 3
    assert user.bank_accounts.filter(is_default=True, removed_at=None).count() == 1
