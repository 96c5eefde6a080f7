"""Returns after a release: who bears them, in which order, and never more than was released."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.tests.factories import make_doer, make_operator
from khidma.tests.races import at_once
from payments import services
from payments.errors import BalanceTooSmall, EscrowNotReleased, PayoutAlreadySent, ReturnTooLarge
from payments.models import Escrow, Payout, Refund, Return, TransferKind
from payments.selectors import check_ledger, list_wallet_entries_for, wallet_balance_of
from payments.services.posting import credit, debit, post
from payments.services.withdrawing import _begin
from payments.tests.factories import balance, books, make_bank_account, make_funded_escrow

GROSS = 100_000


def released(amount: int = GROSS, gross: int | None = None, payee: Any = None) -> Escrow:
    """An escrow whose money is in the payee's wallet."""
    escrow = make_funded_escrow(amount, payee=payee)
    services.settle_escrow(
        reference=escrow.reference, payee_gross=amount if gross is None else gross, reason="approved"
    )
    escrow.refresh_from_db()
    return escrow


def send_back(escrow: Escrow, amount: int) -> Return:
    return services.return_after_release(
        reference=escrow.reference, amount=amount, operator=make_operator("finance"), reason="The work was copied."
    )


def withdraw_all(escrow: Escrow) -> Payout:
    make_bank_account(escrow.payee)
    return services.request_payout(user=escrow.payee, amount=balance("wallet", escrow.payee_id))


def mark_sent(payout: Payout) -> None:
    assert _begin(payout) is not None


def test_platform_and_payee_each_give_back_their_share(db: None) -> None:
    escrow = released()
    assert escrow.payee_net == 88_200  # 10 % commission and 18 % GST on it
    made = send_back(escrow, 50_000)
    assert (made.platform_fee, made.gst, made.tds, made.taken, made.owed) == (5_000, 900, 0, 44_100, 0)
    assert balance("wallet", escrow.payee_id) == 44_100
    assert (balance("platform_fee"), balance("gst_payable")) == (5_000, 900)
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason, refund.status, made.refund) == (50_000, "return", "promised", refund)
    assert balance("refund_pending", refund.payment_id) == 50_000
    assert check_ledger().faults == []


def test_what_is_not_in_the_wallet_becomes_a_debt_that_the_next_earning_pays(db: None) -> None:
    escrow = released()
    mark_sent(withdraw_all(escrow))
    made = send_back(escrow, GROSS)
    assert (made.taken, made.owed, made.platform_fee, made.gst) == (0, 88_200, 10_000, 1_800)
    shown = wallet_balance_of(escrow.payee_id)
    assert (shown.available, shown.owed, shown.total_earnings) == (0, 88_200, 0)
    released(200_000, payee=escrow.payee)
    assert (balance("receivable", escrow.payee_id), balance("wallet", escrow.payee_id)) == (0, 88_200)


def test_unsent_withdrawals_are_called_back_before_the_wallet_pays(db: None) -> None:
    escrow = released()
    payout = withdraw_all(escrow)
    released(200_000, payee=escrow.payee)
    made = send_back(escrow, GROSS)
    payout.refresh_from_db()
    assert (payout.status, balance("payout_pending", payout.pk)) == ("cancelled", 0)
    assert (made.taken, made.owed, balance("wallet", escrow.payee_id)) == (88_200, 0, 176_400)


def test_no_more_withdrawals_are_called_back_than_the_return_needs(db: None) -> None:
    escrow = released()
    make_bank_account(escrow.payee)
    first, second = (services.request_payout(user=escrow.payee, amount=20_000) for _ in range(2))
    send_back(escrow, 10_000)
    assert [Payout.objects.get(pk=one.pk).status for one in (first, second)] == ["queued", "cancelled"]


def test_many_small_returns_give_back_exactly_what_was_kept(db: None) -> None:
    escrow = released(10_007)
    for _ in range(65):
        send_back(escrow, 151)
    send_back(escrow, 10_007 - 65 * 151)
    made = Return.objects.all()
    assert sum(one.platform_fee for one in made) == escrow.platform_fee
    assert sum(one.gst for one in made) == escrow.gst
    assert sum(one.payee_part for one in made) == escrow.payee_net
    assert (balance("platform_fee"), balance("gst_payable"), balance("wallet", escrow.payee_id)) == (0, 0, 0)


def test_tax_withheld_goes_back_until_it_was_remitted(db: None) -> None:
    escrow = released()
    with connection.cursor() as cursor:  # as if the law had said so on that day
        cursor.execute("UPDATE payments_escrow SET tds = 1000, payee_net = payee_net - 1000 WHERE id = %s", [escrow.pk])
    post(
        key="adjust:tds",
        kind=TransferKind.ADJUSTMENT,
        entries=[debit("wallet", 1_000, escrow.payee_id), credit("tds_payable", 1_000)],  # type: ignore[arg-type]
    )
    assert send_back(escrow, 50_000).tds == 500
    post(
        key="remit:1",
        kind=TransferKind.REMIT,
        entries=[debit("tds_payable", 500), credit("bank", 500)],  # type: ignore[arg-type]
    )
    made = send_back(escrow, 50_000)
    assert (made.tds, made.payee_part, balance("tds_payable")) == (0, 44_100, 0)
    assert (balance("wallet", escrow.payee_id), balance("receivable", escrow.payee_id)) == (0, 500)


def test_a_return_shows_on_the_statement_as_a_clawback(api: Any, db: None) -> None:
    escrow = released()
    send_back(escrow, 50_000)
    line = api(escrow.payee).get("/api/wallet/transactions?type=clawback").json()["data"][0]
    assert (line["type"], line["amount"], line["orderId"]) == ("clawback", -44_100, str(escrow.reference))
    assert line["breakdown"] is None
    assert list_wallet_entries_for(escrow.payee, type="clawback").count() == 1


@pytest.mark.parametrize("before", [0, 40_000])
def test_more_than_was_released_never_goes_back(db: None, before: int) -> None:
    escrow = released(GROSS, gross=60_000)
    if before:
        send_back(escrow, before)
    books_before, refunds = books(), Refund.objects.count()
    with pytest.raises(ReturnTooLarge) as refused:
        send_back(escrow, 60_001 - before)
    assert refused.value.details == {"maximum": 60_000 - before}
    assert (books(), Refund.objects.count()) == (books_before, refunds)


def test_what_was_not_released_is_not_returned(db: None) -> None:
    escrow = make_funded_escrow()
    before = books()
    with pytest.raises(EscrowNotReleased):
        send_back(escrow, 1_000)
    assert (books(), Return.objects.count()) == (before, 0)


def test_the_database_itself_refuses_returns_over_what_was_released(db: None) -> None:
    escrow = released(GROSS, gross=60_000)
    made = send_back(escrow, 50_000)
    columns = "escrow_id, why, amount, platform_fee, gst, tds, taken, owed, refund_id, by_id, reason, created_at"
    with pytest.raises(IntegrityError, match="returns of escrow"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO payments_return (id, {columns}) SELECT uuidv7(), escrow_id, 'operator', 10001, 0, 0, 0,"  # noqa: S608
            " 10001, 0, NULL, by_id, '', now() FROM payments_return"
        )
    for statement in ("UPDATE payments_return SET amount = 1", "DELETE FROM payments_return"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Return.objects.get() == made


def test_twenty_returns_at_once_never_exceed_what_was_released(committed_db: None) -> None:
    escrow, operator = released(), make_operator("finance")

    def send() -> Return:
        return services.return_after_release(
            reference=escrow.reference, amount=30_000, operator=operator, reason="Twice pressed."
        )

    answers = at_once(*[send] * 20)
    assert len([one for one in answers if isinstance(one, Return)]) == 3
    assert {type(one) for one in answers} == {Return, ReturnTooLarge}
    assert sum(one.amount for one in Refund.objects.all()) == 90_000
    assert check_ledger().faults == []


@pytest.mark.parametrize("turn", range(4))
def test_a_return_and_a_withdrawal_at_once_never_lose_a_paisa(committed_db: None, turn: int) -> None:
    escrow, operator = released(), make_operator("finance")
    make_bank_account(escrow.payee)

    def send() -> Return:
        return services.return_after_release(
            reference=escrow.reference, amount=GROSS, operator=operator, reason="The work was copied."
        )

    def withdraw() -> Payout:
        return services.request_payout(user=escrow.payee, amount=88_200)

    made, payout = at_once(*([send, withdraw][:: 1 if turn % 2 else -1]))[:: 1 if turn % 2 else -1]
    assert isinstance(made, Return), made
    assert isinstance(payout, Payout | BalanceTooSmall), payout
    assert (made.taken, made.owed) == (88_200, 0)
    assert {one.status for one in Payout.objects.all()} <= {"cancelled"}
    assert (balance("wallet", escrow.payee_id), balance("receivable", escrow.payee_id)) == (0, 0)
    assert check_ledger().faults == []


@pytest.mark.parametrize("turn", range(4))
def test_a_return_while_a_withdrawal_is_being_sent_or_cancelled(committed_db: None, turn: int) -> None:
    escrow, operator = released(), make_operator("finance")
    payout = withdraw_all(escrow)

    def send() -> Return:
        return services.return_after_release(
            reference=escrow.reference, amount=GROSS, operator=operator, reason="The work was copied."
        )

    def cancel() -> Payout:
        return services.cancel_payout(payout=payout, user=escrow.payee)

    other = (lambda: _begin(payout)) if turn % 2 else cancel
    made, answer = at_once(send, other)
    assert isinstance(made, Return), made
    payout.refresh_from_db()
    was_sent = payout.sent_at is not None
    assert (payout.status == "queued") == was_sent
    if not turn % 2:
        assert isinstance(answer, Payout | PayoutAlreadySent) or "status" in answer.details, answer
    assert made.taken + made.owed == 88_200
    assert balance("receivable", escrow.payee_id) == (88_200 if was_sent else 0)
    assert balance("wallet", escrow.payee_id) == 0
    assert check_ledger().faults == []


def test_the_payee_of_many_returns_is_a_stranger_to_the_others(db: None) -> None:
    one, other = released(payee=make_doer()), released(payee=make_doer())
    send_back(one, GROSS)
    assert balance("wallet", other.payee_id) == 88_200
