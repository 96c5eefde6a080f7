"""Refunds that the gateway cannot send: paid to the payer's bank account, and never into a wallet."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import make_operator
from khidma.kernel.errors import InvalidTransition
from khidma.kernel.models import AuditRecord, OutboxEvent
from khidma.tests.races import at_once
from payments import services
from payments.errors import BankAccountNotVerified, NoBankAccount, ReleaseHeld
from payments.models import Payout, Refund, Transfer
from payments.providers.gateway import PayoutSighting, RefundSighting
from payments.selectors import check_ledger, wallet_balance_of
from payments.services.refunds.sending import _begin
from payments.tests.factories import balance, books, gateway_id, make_bank_account, make_funded_escrow
from payments.tests.test_chargebacks import hear as hear_of_dispute
from sandbox.testing import StandIn

REASON = "The card account was closed."


def failed_refund(amount: int = 100_000) -> Refund:
    """All of a payment, promised back, which the bank could not take."""
    escrow = make_funded_escrow(amount)
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    refund = Refund.objects.get(escrow=escrow)
    assert _begin(refund) is not None
    say(refund, "failed")
    refund.refresh_from_db()
    assert refund.status == "failed"
    return refund


def say(refund: Refund, status: str) -> None:
    services.record_refund(
        sighting=RefundSighting(
            refund_id=gateway_id("rfnd"),
            payment_id=refund.capture.gateway_payment_id,
            receipt=str(refund.pk),
            amount=refund.amount,
            status=status,
        )
    )


def pay_back(refund: Refund, **over: Any) -> Payout:
    return services.pay_refund_by_bank(refund=refund, operator=make_operator("finance"), reason=REASON, **over)


def bank_says(payout: Payout, status: str) -> None:
    services.record_payout(
        sighting=PayoutSighting(
            payout_id=payout.gateway_payout_id or gateway_id("pout"),
            reference=str(payout.pk),
            status=status,
            amount=payout.amount,
            fee=590,
            fee_tax=90,
        )
    )
    payout.refresh_from_db()


def test_it_goes_to_the_bank_account_and_ends_processed(db: None) -> None:
    refund = failed_refund()
    make_bank_account(refund.payment.payer)
    payout = pay_back(refund)
    assert (balance("refund_pending", refund.payment_id), balance("payout_pending", payout.pk)) == (0, 100_000)
    assert Transfer.objects.filter(key=f"refund:{refund.pk}:payout").exists()
    refund.refresh_from_db()
    assert (refund.status, refund.way, payout.status, payout.user_id) == (
        "sent",
        "bank",
        "queued",
        refund.payment.payer_id,
    )
    bank_says(payout, "processed")
    refund.refresh_from_db()
    assert (refund.status, refund.payment.status) == ("processed", "refunded")
    assert balance("payout_pending", payout.pk) == 0
    assert wallet_balance_of(refund.payment.payer_id).total_withdrawn == 0
    assert AuditRecord.objects.get(action="pay_refund_by_bank").reason == REASON
    names = set(OutboxEvent.objects.values_list("name", flat=True))
    assert "payments.RefundProcessed" in names
    assert "payments.PayoutProcessed" not in names
    assert check_ledger().faults == []


@pytest.mark.parametrize("story", [["failed"], ["rejected"], ["reversed"], ["processed", "reversed"]])
def test_a_payout_that_fails_promises_the_refund_again_and_fills_no_wallet(db: None, story: list[str]) -> None:
    refund = failed_refund()
    make_bank_account(refund.payment.payer)
    payout = pay_back(refund)
    for status in [*story, *story]:
        bank_says(payout, status)
    refund.refresh_from_db()
    assert (refund.status, refund.payment.status) == ("failed", "captured")
    assert balance("refund_pending", refund.payment_id) == 100_000
    assert (balance("wallet", payout.user_id), balance("payout_pending", payout.pk)) == (0, 0)
    assert "payments.PayoutFailed" not in set(OutboxEvent.objects.values_list("name", flat=True))
    second = pay_back(refund)
    bank_says(second, "processed")
    refund.refresh_from_db()
    assert (refund.status, balance("refund_pending", refund.payment_id)) == ("processed", 0)
    assert check_ledger().faults == []


def test_what_is_paid_by_bank_is_never_asked_of_the_gateway(db: None, gateway: StandIn) -> None:
    refund = failed_refund()
    make_bank_account(refund.payment.payer)
    pay_back(refund)
    before = books()
    services.send_refund(refund_id=refund.pk)
    assert _begin(refund) is None
    say(refund, "processed")
    refund.refresh_from_db()
    assert (refund.status, books(), services.refunds_due()) == ("sent", before, [])
    with pytest.raises(InvalidTransition):
        services.retry_refund(refund=refund, operator=make_operator("finance"), reason="Again")


def test_a_refund_that_has_not_failed_stays_on_its_way(db: None) -> None:
    escrow = make_funded_escrow()
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    refund = Refund.objects.get()
    make_bank_account(refund.payment.payer)
    before = books()
    with pytest.raises(InvalidTransition):
        pay_back(refund)
    assert (books(), Payout.objects.count()) == (before, 0)


def test_it_needs_a_verified_account_of_the_payers_own(db: None) -> None:
    refund = failed_refund()
    payer = refund.payment.payer
    before = books()
    with pytest.raises(NoBankAccount):
        pay_back(refund)
    services.add_bank_account(user=payer, holder_name="Ravi Kumar", account_number="000111222333", ifsc="HDFC0000053")
    with pytest.raises((NoBankAccount, BankAccountNotVerified)):
        pay_back(refund)
    assert (books(), Payout.objects.count(), Refund.objects.get().status) == (before, 0, "failed")


def test_a_disputed_payment_is_not_paid_back_by_bank(db: None) -> None:
    refund = failed_refund()
    make_bank_account(refund.payment.payer)
    assert refund.escrow
    hear_of_dispute(refund.escrow)
    with pytest.raises(ReleaseHeld):
        pay_back(refund)
    assert Payout.objects.count() == 0


def test_a_large_one_waits_for_two_operators(db: None) -> None:
    refund = failed_refund(50_000_000)
    make_bank_account(refund.payment.payer)
    payout = pay_back(refund)
    assert payout.status == "held"
    services.cancel_payout_for(payout=payout, operator=make_operator("finance"), reason=REASON)
    refund.refresh_from_db()
    assert (refund.status, balance("refund_pending", refund.payment_id)) == ("failed", 50_000_000)
    assert balance("wallet", payout.user_id) == 0


def test_twenty_operators_at_once_pay_it_once(committed_db: None) -> None:
    refund, operator = failed_refund(), make_operator("finance")
    make_bank_account(refund.payment.payer)
    answers = at_once(*[lambda: services.pay_refund_by_bank(refund=refund, operator=operator, reason=REASON)] * 20)
    assert len([one for one in answers if isinstance(one, Payout)]) == 1
    assert {type(one) for one in answers} == {Payout, InvalidTransition}
    assert balance("payout_pending", Payout.objects.get().pk) == 100_000
    assert check_ledger().faults == []


def test_the_payer_sees_no_withdrawal_of_it(api: Any, db: None) -> None:
    refund = failed_refund()
    make_bank_account(refund.payment.payer)
    payout = pay_back(refund)
    client = api(refund.payment.payer)
    assert client.get(f"/api/payouts/{payout.pk}").status_code == 404
    assert [row["id"] for row in client.get("/api/payments").json()["data"]] == [str(refund.payment_id)]
    assert reverse("admin:payments_refund_changelist").endswith("/payments/refund/")


@pytest.mark.parametrize(("group", "status"), [("finance", "promised"), ("support", "failed"), ("trust", "failed")])
def test_finance_sends_a_failed_refund_again_from_its_page_and_says_why(
    db: None, gateway: StandIn, client: Client, group: str, status: str
) -> None:
    refund = failed_refund()
    client.force_login(make_operator(group))
    chosen = {"action": "send_again", "_selected_action": str(refund.pk)}
    client.post("/admin/payments/refund/", chosen)
    refund.refresh_from_db()
    assert refund.status == "failed"
    client.post("/admin/payments/refund/", {**chosen, "reason": "Their bank is well again"})
    refund.refresh_from_db()
    assert refund.status == status
    acts = AuditRecord.objects.filter(action="retry_refund").values_list("reason", flat=True)
    assert list(acts) == (["Their bank is well again"] if group == "finance" else [])
