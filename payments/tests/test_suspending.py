"""Money that matches nothing, and refunds made without us: booked once, decided once, by two where it is much."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.tests.factories import make_client, make_operator
from khidma.kernel.errors import Forbidden
from khidma.kernel.ids import new_id
from khidma.kernel.models import AuditRecord, OutboxEvent
from khidma.tests.races import at_once
from payments import services
from payments.errors import SamePerson, SuspenseDecided, SuspenseDoesNotFit
from payments.models import Capture, Escrow, ForeignRefund, Payment, Refund, SecondPersonAct, SuspenseItem, Transfer
from payments.providers.gateway import RefundSighting
from payments.selectors import escrow_of
from payments.selectors.checking import check_ledger
from payments.services.capturing import set_aside
from payments.tests.factories import balance, books, captured, fund, gateway_id, make_escrow, make_payment


def aside(amount: int = 50_000, *, ours: bool = True) -> SuspenseItem:
    """Money of another amount than its payment asks for; or of a payment that is not ours at all."""
    payment = make_payment(make_escrow(amount + 1_000))
    if ours:
        services.record_sighting(payment_id=payment.pk, sighting=captured(payment, amount=amount))
    else:
        set_aside(sighting=captured(payment, amount=amount, order_id="order_foreign"))
    return SuspenseItem.objects.get()


def decide(item: SuspenseItem, decision: str, **over: object) -> SuspenseItem | SecondPersonAct:
    facts = {"decision": decision, "reason": "Asked the payer", "operator": make_operator("finance")}
    return services.decide_suspense(item=item, **{**facts, **over})  # type: ignore[arg-type]


def test_money_set_aside_is_an_item_with_its_account(db: None) -> None:
    item = aside()
    assert (item.amount, item.status, item.capture) == (50_000, "open", Capture.objects.get())
    assert balance("suspense", item.pk) == 50_000


def test_it_goes_to_the_escrow_that_awaits_exactly_it(db: None) -> None:
    item, escrow = aside(), make_escrow(50_000)
    decide(item, "escrow", reference=escrow.reference)
    assert (balance("suspense", item.pk), balance("escrow", escrow.pk)) == (0, 50_000)
    escrow = escrow_of(escrow.reference)
    assert (escrow.status, escrow.funded_by) == ("funded", item.capture)
    assert Transfer.objects.filter(key=f"suspense:{item.pk}").count() == 1
    assert OutboxEvent.objects.filter(
        name__endswith="PaymentCaptured", payload__references=[str(escrow.reference)]
    ).exists()
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    assert Refund.objects.get().amount == 50_000
    assert check_ledger().is_sound


def test_money_of_nobody_funds_an_escrow_by_a_new_payment(db: None) -> None:
    item, escrow = aside(ours=False), make_escrow(50_000)
    decide(item, "escrow", reference=escrow.reference)
    capture = Capture.objects.get(pk=item.pk)
    assert capture.payment is not None
    assert (capture.use, capture.payment.payer, capture.payment.status) == ("funded", escrow.payer, "captured")


@pytest.mark.parametrize("case", ["another amount", "funded", "unknown", "no reference"])
def test_an_escrow_that_does_not_await_exactly_it_refuses_it(db: None, case: str) -> None:
    item = aside()
    other = make_escrow(50_000 if case == "funded" else 50_001)
    if case == "funded":
        fund(other.reference)
    reference = {"unknown": new_id(), "no reference": None}.get(case, other.reference)
    before = books()
    with pytest.raises(SuspenseDoesNotFit):
        decide(item, "escrow", reference=reference)
    assert books() == before
    assert SuspenseItem.objects.get().status == "open"


def test_it_goes_back_to_its_source(db: None) -> None:
    item = aside()
    decide(item, "refund")
    refund = Refund.objects.get()
    assert (refund.amount, refund.capture) == (50_000, item.capture)
    assert (balance("suspense", item.pk), balance("refund_pending", refund.payment_id)) == (0, 50_000)


def test_money_of_no_payment_cannot_be_sent_back_by_us(db: None) -> None:
    item = aside(ours=False)
    with pytest.raises(SuspenseDoesNotFit):
        decide(item, "refund")
    assert balance("suspense", item.pk) == 50_000


def test_it_becomes_an_adjustment(db: None) -> None:
    item = aside()
    operator = make_operator("finance")
    decide(item, "adjustment", operator=operator)
    assert (balance("suspense", item.pk), balance("adjustment")) == (0, 50_000)
    item = SuspenseItem.objects.get()
    assert (item.status, item.decision, item.decided_by) == ("decided", "adjustment", operator)
    assert AuditRecord.objects.filter(action="decide_suspense", actor_id=operator.pk).count() == 1


def test_it_is_decided_once(db: None) -> None:
    item = aside()
    decide(item, "adjustment")
    before = books()
    for decision in ("adjustment", "refund"):
        with pytest.raises(SuspenseDecided):
            decide(item, decision)
    assert books() == before


def test_ten_who_decide_at_once_are_one(committed_db: None) -> None:
    item = aside()
    operators = [make_operator("finance") for _ in range(10)]
    outcomes = at_once(*[lambda by=by: decide(item, "adjustment", operator=by) for by in operators])
    assert sum(isinstance(outcome, SuspenseItem) for outcome in outcomes) == 1
    assert balance("adjustment") == 50_000


def test_over_the_threshold_another_operator_confirms(db: None) -> None:
    item, operator = aside(1_000_001), make_operator("finance")
    act = decide(item, "adjustment", operator=operator)
    assert isinstance(act, SecondPersonAct)
    assert balance("suspense", item.pk) == 1_000_001
    with pytest.raises(SamePerson):
        services.confirm_act(act=act, operator=operator)
    services.confirm_act(act=act, operator=make_operator("finance"))
    assert (balance("suspense", item.pk), balance("adjustment")) == (0, 1_000_001)


def test_only_finance_decides(db: None) -> None:
    item = aside()
    for stranger in (make_operator("support"), make_operator("trust"), make_client()):
        with pytest.raises(Forbidden):
            decide(item, "adjustment", operator=stranger)
    assert balance("suspense", item.pk) == 50_000


def test_the_database_knows_no_decided_item_that_still_holds_money(committed_db: None) -> None:
    item = aside()
    with pytest.raises(IntegrityError, match="suspense item"), transaction.atomic():
        connection.cursor().execute(
            "UPDATE payments_suspenseitem SET status = 'decided', decided_at = now() WHERE id = %s", [item.pk]
        )
    assert SuspenseItem.objects.get().status == "open"


# Refunds that we did not ask for


def from_dashboard(escrow: Escrow | None, amount: int, **over: object) -> RefundSighting:
    capture = escrow.funded_by if escrow else None
    payment_id = capture.gateway_payment_id if capture else gateway_id("pay")
    sighting = RefundSighting(gateway_id("rfnd"), payment_id, "", amount, "processed")
    return replace(sighting, **over)  # type: ignore[arg-type]


def funded(amount: int = 100_000) -> Escrow:
    escrow = make_escrow(amount)
    fund(escrow.reference)
    return escrow_of(escrow.reference)


def test_a_part_refunded_outside_leaves_the_escrow_that_much_smaller_once(db: None) -> None:
    escrow = funded()
    gateway_before = balance("gateway")
    sighting = from_dashboard(escrow, 30_000)
    for _ in range(3):
        services.record_foreign_refund(sighting=sighting)
    assert (balance("escrow", escrow.pk), balance("gateway")) == (70_000, gateway_before - 30_000)
    escrow = escrow_of(escrow.reference)
    assert (escrow.status, escrow.held, escrow.refunded) == ("funded", 70_000, 30_000)
    assert Transfer.objects.filter(key=f"foreign:{sighting.refund_id}").count() == 1
    services.settle_escrow(reference=escrow.reference, payee_gross=70_000, reason="approved")
    assert check_ledger().is_sound


def test_an_escrow_that_it_empties_is_decided_and_its_owner_is_told(db: None) -> None:
    escrow = funded()
    services.record_foreign_refund(sighting=from_dashboard(escrow, 100_000))
    escrow = escrow_of(escrow.reference)
    assert (escrow.status, escrow.payee_gross, escrow.refunded) == ("decided", 0, 100_000)
    event = OutboxEvent.objects.get(name__endswith="RefundedOutside")
    assert (event.payload["emptied"], event.payload["amount"]) == ([str(escrow.reference)], 100_000)
    assert Payment.objects.get().status == "refunded"


def test_what_was_decided_before_is_missing_in_suspense(db: None) -> None:
    escrow = funded()
    services.settle_escrow(reference=escrow.reference, payee_gross=100_000, reason="approved")
    services.record_foreign_refund(sighting=from_dashboard(escrow, 40_000))
    item = SuspenseItem.objects.get()
    assert (item.amount, balance("suspense", item.pk)) == (-40_000, -40_000)
    decide(item, "adjustment")
    assert (balance("suspense", item.pk), balance("adjustment")) == (0, -40_000)


def test_money_in_suspense_that_goes_back_by_itself_closes_its_item(db: None) -> None:
    item = aside()
    capture = Capture.objects.get()
    sighting = replace(from_dashboard(None, 50_000), payment_id=capture.gateway_payment_id)
    services.record_foreign_refund(sighting=sighting)
    item.refresh_from_db()
    assert (item.status, item.decision, balance("suspense", item.pk)) == ("decided", "outside", 0)


def test_one_that_comes_back_waits_for_a_decision(db: None) -> None:
    escrow = funded()
    gateway_before = balance("gateway")
    sighting = from_dashboard(escrow, 30_000)
    services.record_foreign_refund(sighting=sighting)
    for _ in range(2):
        services.record_foreign_refund(sighting=replace(sighting, status="failed"))
    assert balance("gateway") == gateway_before
    assert SuspenseItem.objects.get().amount == 30_000
    assert ForeignRefund.objects.get().returned_at is not None
    assert check_ledger().is_sound


def test_twenty_bringers_of_one_foreign_refund_book_it_once(committed_db: None) -> None:
    escrow = funded()
    sighting = from_dashboard(escrow, 30_000)
    at_once(*[lambda: services.record_foreign_refund(sighting=sighting)] * 20)
    assert (ForeignRefund.objects.count(), balance("escrow", escrow.pk)) == (1, 70_000)
