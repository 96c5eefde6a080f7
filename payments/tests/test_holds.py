"""Holds on wallets: what may not be withdrawn although it is there."""

import time
from threading import Event

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.tests.factories import make_doer
from khidma.kernel.ids import new_id
from khidma.tests.races import at_once
from payments import services
from payments.errors import BalanceTooSmall, WalletHoldReused
from payments.models import Payout, WalletHold
from payments.selectors import wallet_balance_of
from payments.tests.factories import balance, books, earn, make_bank_account, make_funded_escrow


def test_what_is_held_cannot_be_withdrawn_until_it_is_released(db: None) -> None:
    user, reference = make_doer(), new_id()
    earn(user, 50_000)
    make_bank_account(user)
    before = books()
    hold = services.hold_wallet(user_id=user.pk, amount=20_000, reason="chargeback", reference=reference)
    assert (wallet_balance_of(user.pk).available, wallet_balance_of(user.pk).pending) == (30_000, 20_000)
    with pytest.raises(BalanceTooSmall) as refused:
        services.request_payout(user=user, amount=30_001)
    assert refused.value.details == {"available": 30_000}
    assert (books(), Payout.objects.count()) == (before, 0)
    for _ in range(2):
        services.release_wallet_hold(reference=reference)
    assert services.request_payout(user=user, amount=50_000).status == "queued"
    assert services.hold_wallet(user_id=user.pk, amount=20_000, reason="again", reference=reference) == hold
    earn(user, 100)
    assert wallet_balance_of(user.pk).available == 100


def test_a_hold_over_the_wallet_takes_what_is_earned_later_too(db: None) -> None:
    user = make_doer()
    earn(user, 10_000)
    services.hold_wallet(user_id=user.pk, amount=25_000, reason="chargeback", reference=new_id())
    assert wallet_balance_of(user.pk).available == 0
    earn(user, 20_000)
    found = wallet_balance_of(user.pk)
    assert (found.available, found.pending, balance("wallet", user.pk)) == (5_000, 25_000, 30_000)
    escrow = make_funded_escrow(100_000, payee=user)
    share = services.quote_shares(amount=100_000, commission_bp=escrow.commission_bp, payee_id=user.pk).payee_net
    assert wallet_balance_of(user.pk).pending == 25_000 + share


def test_a_reference_holds_once_and_never_other_money(db: None) -> None:
    user, reference = make_doer(), new_id()
    first = services.hold_wallet(user_id=user.pk, amount=500, reason="a", reference=reference)
    assert services.hold_wallet(user_id=user.pk, amount=500, reason="b", reference=reference) == first
    for holder, amount in ((user, 501), (make_doer(), 500)):
        with pytest.raises(WalletHoldReused):
            services.hold_wallet(user_id=holder.pk, amount=amount, reason="a", reference=reference)
    services.release_wallet_hold(reference=new_id())
    assert WalletHold.objects.get().released_at is None


def test_the_database_keeps_what_was_held(db: None) -> None:
    hold = services.hold_wallet(user_id=make_doer().pk, amount=500, reason="a", reference=new_id())
    for statement in ("UPDATE payments_wallethold SET amount = 1", "DELETE FROM payments_wallethold"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert WalletHold.objects.get() == hold


def wait_until_somebody_waits() -> None:
    """Until another connection waits for a lock."""
    over_at = time.monotonic() + 1.5
    while time.monotonic() < over_at:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waited")


def test_a_withdrawal_waits_for_a_hold_that_is_under_way(committed_db: None) -> None:
    user, begun = make_doer(), Event()
    earn(user, 50_000)
    make_bank_account(user)

    @transaction.atomic
    def hold() -> None:
        services.hold_wallet(user_id=user.pk, amount=1, reason="chargeback", reference=new_id())
        begun.set()
        wait_until_somebody_waits()

    def withdraw() -> Payout:
        begun.wait(timeout=5)
        return services.request_payout(user=user, amount=50_000)

    held, refused = at_once(hold, withdraw)
    assert held is None
    assert isinstance(refused, BalanceTooSmall), refused
    assert refused.details == {"available": 49_999}
    assert (balance("wallet", user.pk), Payout.objects.count()) == (50_000, 0)
