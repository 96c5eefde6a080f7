"""The ledger: what posting does, and what the database forbids whoever asks."""

import time
from functools import partial
from hashlib import sha256
from threading import Event
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.models import Sum

from khidma.kernel.ids import new_id
from khidma.tests.races import at_once
from payments.errors import BalanceTooSmall, TransferKeyReused, TransferUnbalanced
from payments.models import Account, AccountKind, Entry, Transfer, TransferKind
from payments.services.posting import Line, Posted, credit, debit, post
from payments.tests.factories import balance, books


def put(owner: UUID, amount: int, key: str = "") -> Posted:
    """Owner's money into a wallet, as a posting of no special kind."""
    return post(
        key=key or f"move:{new_id()}",
        kind=TransferKind.MOVE,
        entries=[debit(AccountKind.OWNER, amount), credit(AccountKind.WALLET, amount, owner)],
    )


def move(key: str, source: UUID, target: UUID, amount: int) -> Posted:
    return post(
        key=key,
        kind=TransferKind.MOVE,
        entries=[debit(AccountKind.WALLET, amount, source), credit(AccountKind.WALLET, amount, target)],
    )


def run_sql(statement: str, parameters: list[str] | None = None, alias: str = "default") -> None:
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(statement, parameters)


def test_a_transfer_moves_money_and_keeps_every_balance(db: None) -> None:
    user = new_id()
    before = balance("owner")
    posted = put(user, 500)
    assert posted.is_new
    assert balance("wallet", user) == 500
    assert balance("owner") == before - 500
    assert Transfer.objects.get(pk=posted.transfer_id).entry_count == 2


def test_lines_of_zero_are_left_out(db: None) -> None:
    user = new_id()
    lines = [debit(AccountKind.OWNER, 500), credit(AccountKind.WALLET, 500, user), credit(AccountKind.PLATFORM_FEE, 0)]
    posted = post(key="with-zero", kind=TransferKind.MOVE, entries=lines)
    assert Entry.objects.filter(transfer_id=posted.transfer_id).count() == 2


def test_the_same_key_with_the_same_lines_answers_the_first_transfer(db: None) -> None:
    user = new_id()
    first = put(user, 500, "twice")
    before = books()
    again = post(
        key="twice",
        kind=TransferKind.MOVE,
        entries=[credit(AccountKind.WALLET, 500, user), debit(AccountKind.OWNER, 500)],
    )
    assert (again.transfer_id, again.is_new) == (first.transfer_id, False)
    assert books() == before


def test_the_same_key_with_other_lines_is_an_alarm(db: None) -> None:
    user = new_id()
    put(user, 500, "other")
    before = books()
    with pytest.raises(TransferKeyReused):
        put(user, 501, "other")
    with pytest.raises(TransferKeyReused):
        put(new_id(), 500, "other")
    assert books() == before


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [debit(AccountKind.OWNER, 5)],
        [debit(AccountKind.OWNER, 5), credit(AccountKind.PLATFORM_FEE, 4)],
        [debit(AccountKind.OWNER, 0), credit(AccountKind.PLATFORM_FEE, 0)],
    ],
)
def test_lines_that_do_not_balance_are_refused(db: None, lines: list[Line]) -> None:
    before = books()
    with pytest.raises(TransferUnbalanced):
        post(key="unbalanced", kind=TransferKind.MOVE, entries=lines)
    assert books() == before
    assert not Transfer.objects.filter(key="unbalanced").exists()


@pytest.mark.parametrize(
    "kind", [AccountKind.WALLET, AccountKind.ESCROW, AccountKind.PAYOUT_PENDING, AccountKind.REFUND_PENDING]
)
def test_no_one_owes_us_by_accident(db: None, kind: AccountKind) -> None:
    before = books()
    with pytest.raises(BalanceTooSmall), transaction.atomic():
        post(key="overdrawn", kind=TransferKind.MOVE, entries=[debit(kind, 1, new_id()), credit(AccountKind.OWNER, 1)])
    assert books() == before


@pytest.mark.parametrize("kind", [AccountKind.RECEIVABLE, AccountKind.CHARGEBACK])
def test_a_debt_is_never_paid_twice(db: None, kind: AccountKind) -> None:
    before = books()
    with pytest.raises(BalanceTooSmall), transaction.atomic():
        post(key="overpaid", kind=TransferKind.MOVE, entries=[credit(kind, 1, new_id()), debit(AccountKind.OWNER, 1)])
    assert books() == before


def test_platform_accounts_may_pass_zero_either_way(db: None) -> None:
    post(
        key="over", kind=TransferKind.MOVE, entries=[debit(AccountKind.PLATFORM_FEE, 7), credit(AccountKind.GATEWAY, 7)]
    )
    assert (balance("platform_fee"), balance("gateway")) == (-7, -7)


def test_what_a_user_gets_pays_that_users_debt_first(db: None) -> None:
    user = new_id()
    post(
        key="debt",
        kind=TransferKind.RETURN,
        entries=[debit(AccountKind.RECEIVABLE, 300, user), credit(AccountKind.OWNER, 300)],
    )
    put(user, 200, "part")
    assert (balance("receivable", user), balance("wallet", user)) == (100, 0)
    put(user, 250, "rest")
    assert (balance("receivable", user), balance("wallet", user)) == (0, 150)
    put(user, 250, "rest")
    assert (balance("receivable", user), balance("wallet", user)) == (0, 150)


def test_lines_of_one_account_are_one_entry_and_those_that_come_to_nothing_are_none(db: None) -> None:
    user, other = new_id(), new_id()
    put(user, 100)
    lines = [
        debit(AccountKind.WALLET, 70, user),
        debit(AccountKind.OWNER, 50),
        credit(AccountKind.WALLET, 30, other),
        credit(AccountKind.WALLET, 70, user),
        credit(AccountKind.WALLET, 20, other),
    ]
    posted = post(key="netted", kind=TransferKind.MOVE, entries=lines)
    assert Transfer.objects.get(pk=posted.transfer_id).entry_count == 2
    assert sorted(Entry.objects.filter(transfer_id=posted.transfer_id).values_list("amount", flat=True)) == [-50, 50]
    assert (balance("wallet", user), balance("wallet", other)) == (100, 50)


def test_what_is_hashed_of_a_transfer_never_changes_or_old_keys_would_raise_alarms(db: None) -> None:
    user, about = new_id(), new_id()
    lines = [credit(AccountKind.WALLET, 500, user), debit(AccountKind.OWNER, 500)]
    posted = post(key="hashed", kind=TransferKind.MOVE, entries=lines, reference=about)
    content = f"move|{about}|owner::500,wallet:{user}:-500"
    assert bytes(Transfer.objects.get(pk=posted.transfer_id).content) == sha256(content.encode()).digest()


def test_a_balance_is_the_sum_of_its_entries(db: None) -> None:
    users = [new_id() for _ in range(3)]
    for user in users:
        put(user, 1000)
    move("chain-1", users[0], users[1], 400)
    move("chain-2", users[1], users[2], 900)
    for account in Account.objects.annotate(total=Sum("entries__amount")).exclude(total=None):
        assert account.balance == (account.total if account.normal_side == "debit" else -account.total)


# What the app's role and the owner may not do


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_entry SET amount = amount + 1",
        "DELETE FROM payments_entry",
        "TRUNCATE payments_entry",
        "UPDATE payments_transfer SET note = 'changed'",
        "DELETE FROM payments_transfer",
        "TRUNCATE payments_transfer CASCADE",
        "UPDATE payments_account SET balance = balance + 1",
        "DELETE FROM payments_account",
        "TRUNCATE payments_account CASCADE",
        "INSERT INTO payments_account (id, kind, owner_id, normal_side, balance)"
        " VALUES (gen_random_uuid(), 'wallet', gen_random_uuid(), 'credit', 500)",
    ],
)
@pytest.mark.parametrize("role", ["default", "owner"])
def test_the_past_cannot_be_changed(committed_db: None, statement: str, role: str) -> None:
    user = new_id()
    put(user, 500, "past")
    before = books(), list(Entry.objects.values_list())
    with pytest.raises(DatabaseError):
        run_sql(statement, alias=role)
    assert (books(), list(Entry.objects.values_list())) == before


UNBALANCED = """
WITH made AS (
    INSERT INTO payments_transfer (id, key, kind, content, entry_count, note)
    VALUES (gen_random_uuid(), %s, 'move', '', 2, '') RETURNING id
)
INSERT INTO payments_entry (transfer_id, account_id, amount)
SELECT made.id, account.id, CASE account.kind WHEN 'bank' THEN 10 ELSE -9 END
  FROM made, payments_account AS account WHERE account.kind IN ('bank', 'owner')
"""
LONELY = """
INSERT INTO payments_transfer (id, key, kind, content, entry_count, note)
VALUES (gen_random_uuid(), %s, 'move', '', 2, '')
"""
LATER = """
INSERT INTO payments_entry (transfer_id, account_id, amount)
SELECT transfer.id, account.id, CASE account.kind WHEN 'bank' THEN 10 ELSE -10 END
  FROM payments_transfer AS transfer, payments_account AS account
 WHERE transfer.key = %s AND account.kind IN ('bank', 'loss')
"""


@pytest.mark.parametrize("role", ["default", "owner"])
@pytest.mark.parametrize("statement", [UNBALANCED, LONELY, LATER], ids=["unbalanced", "without entries", "added later"])
def test_a_transfer_that_does_not_balance_never_commits(committed_db: None, statement: str, role: str) -> None:
    put(new_id(), 500, "old")
    before = books(), Transfer.objects.count(), Entry.objects.count()
    with pytest.raises(IntegrityError, match="does not balance"):
        run_sql(statement, ["old" if statement is LATER else "new"], alias=role)
    assert (books(), Transfer.objects.count(), Entry.objects.count()) == before


def test_an_escrow_holds_money_only_while_it_says_so(committed_db: None) -> None:
    before = books()
    with pytest.raises(IntegrityError, match="unknown and holds 5"):
        post(
            key="stray",
            kind=TransferKind.MOVE,
            entries=[debit(AccountKind.BANK, 5), credit(AccountKind.ESCROW, 5, new_id())],
        )
    assert books() == before


def test_the_function_is_the_apps_alone(committed_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_function_privilege('khidma_readonly', oid, 'EXECUTE')"
            "  FROM pg_proc WHERE proname = 'payments_post'"
        )
        assert cursor.fetchone() == (False,)


# Many at once


def test_one_key_posted_by_twenty_at_once_is_one_transfer(committed_db: None) -> None:
    for _round in range(10):
        user = new_id()
        answers = at_once(*[partial(put, user, 500, f"race:{user}")] * 20)
        assert not [repr(answer) for answer in answers if not isinstance(answer, Posted)]
        assert len({answer.transfer_id for answer in answers}) == 1
        assert sum(answer.is_new for answer in answers) == 1
        assert balance("wallet", user) == 500


def test_accounts_that_twenty_open_at_once_make_no_deadlock(committed_db: None) -> None:
    for round_ in range(10):
        users = [new_id() for _ in range(4)]
        calls = [partial(put, users[turn % 4], 100, f"{round_}:{turn}") for turn in range(20)]
        answers = at_once(*calls)
        assert not [repr(answer) for answer in answers if not isinstance(answer, Posted)]
        assert [balance("wallet", user) for user in users] == [500] * 4


def test_a_debt_that_began_while_a_credit_waited_for_the_wallet_is_paid_by_it(committed_db: None) -> None:
    user, posted = new_id(), Event()
    put(user, 100)

    def take() -> None:
        lines = [
            debit(AccountKind.WALLET, 100, user),
            debit(AccountKind.RECEIVABLE, 300, user),
            credit(AccountKind.OWNER, 400),
        ]
        with transaction.atomic():
            post(key="taken", kind=TransferKind.RETURN, entries=lines)
            posted.set()
            wait_until_somebody_waits_for_us()

    def give() -> Posted:
        assert posted.wait(timeout=10)
        return put(user, 500, "given")

    answers = at_once(take, give)
    assert not [repr(answer) for answer in answers if isinstance(answer, Exception)]
    assert (balance("receivable", user), balance("wallet", user)) == (0, 200)


def wait_until_somebody_waits_for_us() -> None:
    """Until another session wants a lock that this transaction holds."""
    for _turn in range(150):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("Nobody waits.")


def test_twenty_who_want_the_whole_balance_at_once_are_one_winner(committed_db: None) -> None:
    user, others = new_id(), [new_id() for _ in range(20)]
    put(user, 500, "start")
    calls = [lambda other=other: move(f"take:{other}", user, other, 500) for other in others]
    answers = at_once(*calls)
    assert sum(isinstance(answer, Posted) for answer in answers) == 1
    assert sum(isinstance(answer, BalanceTooSmall) for answer in answers) == 19, answers
    assert balance("wallet", user) == 0
    assert sum(balance("wallet", other) for other in others) == 500


def test_money_going_round_in_both_directions_never_deadlocks(committed_db: None) -> None:
    users = [new_id() for _ in range(4)]
    for user in users:
        put(user, 10_000)

    def shuffle(worker: int) -> None:
        for turn in range(10):
            source, target = users[(worker + turn) % 4], users[(worker * 3 + turn * 2 + 1) % 4]
            if source != target:
                move(f"round:{worker}:{turn}", source, target, 10)

    answers = at_once(*[lambda worker=worker: shuffle(worker) for worker in range(8)])
    assert answers == [None] * 8
    assert sum(balance("wallet", user) for user in users) == 40_000
