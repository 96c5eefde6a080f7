"""A house in which everything has happened once: a row in every table of money, made as real ones are."""

from datetime import date, timedelta

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator
from khidma.kernel.clock import Now, now
from khidma.kernel.ids import new_id
from payments import services
from payments.models import AutoPayout, BankHoliday, Capture, Escrow, GatewayEvent, PayoutBankLine, Settlement
from payments.models.gateway import Operation
from payments.providers.gateway import ReportLine, SettlementSighting
from payments.selectors.taxes import today
from payments.services.attempts import begin_attempt
from payments.tests.factories import (
    captured,
    gateway_id,
    make_bank_account,
    make_escrow,
    make_funded_escrow,
    make_payment,
    make_payout,
)
from payments.tests.test_chargebacks import hear
from payments.tests.test_reconciling_admin import make_difference
from payments.tests.test_suspending import from_dashboard
from payments.tests.test_taxes import GSTIN, declare


def everything_there_is() -> None:
    """At least one row in every table."""
    operator, doer = make_operator("finance"), make_doer()
    declare(doer, "other", GSTIN)
    _money_that_came_and_went(operator, doer)
    _withdrawals(operator, doer)
    _books_of_others(operator)
    BankHoliday.objects.create(day=date(2027, 1, 26), name="Republic Day")
    services.remit_tax(operator=operator, challan="0510308-2026", gst=1_000, tds=0, tcs=0, reason="October")
    services.ask_for_move(move="owner_puts_in", amount=100_000, utr="UTR9", reason="Capital", operator=operator)
    services.check_books()


def _money_that_came_and_went(operator: User, doer: User) -> None:
    services.start_sale(buyer=make_doer(), reference=new_id(), about=new_id(), amount=9_900, purpose="boost")
    cancelled, returned, disputed = make_funded_escrow(), make_funded_escrow(payee=doer), make_funded_escrow()
    services.settle_escrow(reference=cancelled.reference, payee_gross=0, reason="cancelled")
    services.settle_escrow(reference=returned.reference, payee_gross=100_000, reason="approved")
    services.return_after_release(
        reference=returned.reference, amount=20_000, operator=operator, reason="The work was copied."
    )
    hear(disputed, "open", amount_deducted=100_000)
    outside = Escrow.objects.select_related("funded_by").get(pk=make_funded_escrow().pk)
    services.record_foreign_refund(sighting=from_dashboard(outside, 30_000))
    mismatched = make_payment(make_escrow(51_000))
    services.record_sighting(payment_id=mismatched.pk, sighting=captured(mismatched, amount=50_000))


def _withdrawals(operator: User, doer: User) -> None:
    payout = make_payout(doer)
    begin_attempt(subject_id=payout.pk, operation=Operation.PAYOUT, key=payout.pk, body={"amount": 1})
    services.hold_payout(payout=payout, operator=operator, reason="The name looks odd.")
    services.hold_wallet(user_id=doer.pk, amount=5_000, reason="chargeback", reference=new_id())
    make_bank_account(make_client())
    auto = services.set_auto_payout(user=doer, enabled=True, weekday=1, minimum=10_000)
    AutoPayout.objects.filter(pk=auto.pk).update(next_at=Now(), week=today() - timedelta(days=today().weekday()))
    services.pay_out_for_week(auto_payout_id=auto.pk)


def _books_of_others(operator: User) -> None:
    capture = Capture.objects.exclude(fee=None).latest("id")
    fee, tax = capture.fee or 0, capture.fee_tax or 0
    net = capture.amount - fee
    settlement_id = gateway_id("setl")
    seen = SettlementSighting(settlement_id, net, "processed", "UTR1", int(now().timestamp()))
    services.record_settlement(sighting=seen)
    line = ReportLine(
        kind="payment", entity_id=capture.gateway_payment_id, amount=capture.amount, fee=fee, tax=tax, debit=0,
        credit=net, currency="INR", settlement_id=settlement_id,
    )  # fmt: skip
    services.keep_lines(settlement=Settlement.objects.get(), lines=[line])
    text = "date,utr,amount,description\n2026-11-20,UTR1,976.40,RAZORPAY\n"
    services.import_statement(text=text, operator=operator)
    PayoutBankLine.objects.create(
        transaction_id=gateway_id("txn"), credit=0, debit=50_000, balance=9_950_000, made_at=now()
    )
    make_difference()
    GatewayEvent.objects.create(endpoint="payment", event_id="x", name="payment.captured", raw=b"{}")
