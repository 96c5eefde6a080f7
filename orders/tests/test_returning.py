"""Refunds after the doer was paid: the order's figures, the client's money, and what is refused."""

from typing import Any

import pytest

from accounts.tests.factories import make_operator
from khidma.kernel.models import AuditRecord
from khidma.kernel.states import history
from khidma.tests.races import at_once
from orders import services
from orders.models import Order
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_completed_order, make_milestone_order, make_submitted_order
from orders.tests.test_charging_back import hear
from payments.errors import ReturnTooLarge
from payments.models import Payment, Refund, Return
from payments.selectors import check_ledger
from payments.services.refunds import show_refunds_on
from payments.tests.factories import balance

REASON = "The work was copied."


def refund(api: Any, order: Order, amount: Any, actor: str = "finance") -> Any:
    body = {"amount": amount, "reason": REASON}
    return api(make_operator(actor)).post(f"/api/admin/orders/{order.pk}/refund", body)


def make_approved_milestones() -> Order:
    """Two milestones, 100 000 and 150 000 paise, each approved in its turn."""
    order = make_milestone_order(100_000, 150_000, funded=True)
    for milestone in order.milestones.order_by("position"):
        services.submit_milestones(order=order, doer=order.doer, message="Here it is.", only=milestone.pk)
        order = services.approve_milestones(order=order, client=order.client, only=milestone.pk)
    return order


@pytest.mark.django_db
def test_the_figures_of_a_completed_order_follow_its_return(api: Any) -> None:
    order = make_completed_order(amount=100_000)
    shown = refund(api, order, 50_000).json()["data"]
    assert (shown["status"], shown["escrowState"], shown["refundedAmount"]) == ("completed", "released", 50_000)
    assert (shown["platformFee"], shown["gst"], shown["doerPayout"]) == (5_000, 900, 44_100)
    assert balance("wallet", order.doer_id) == 44_100
    assert balance("refund_pending", Payment.objects.get().pk) == 50_000
    record = AuditRecord.objects.get(action="refund_order")
    assert (record.reason, record.before, record.after) == (
        REASON,
        {"returnable": 100_000},
        {"returnable": 50_000, "refunded": 50_000},
    )
    last = history(order).last()
    assert last is not None
    assert (last.action, last.from_status, last.to_status) == ("refund", "completed", "completed")
    assert announced("OrderRefunded")[0]["refunded"] == 50_000
    assert check_ledger().faults == []


@pytest.mark.django_db
@pytest.mark.parametrize(("amount", "status"), [(40_000, "partially_refunded"), (100_000, "refunded")])
def test_the_payment_says_how_much_has_gone_back(api: Any, amount: int, status: str) -> None:
    order = make_completed_order(amount=100_000)
    refund(api, order, amount)
    payment, made = Payment.objects.get(), Refund.objects.get()
    assert payment.status == "captured"
    Refund.objects.filter(pk=made.pk).update(status="processed")
    show_refunds_on(payment)
    assert Payment.objects.get().status == status


@pytest.mark.django_db
def test_more_than_the_doer_was_paid_for_is_refused(api: Any) -> None:
    order = make_completed_order(amount=100_000)
    refund(api, order, 30_000)
    with nothing_changes():
        answer = refund(api, order, 70_001)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "return_too_large")
    assert answer.json()["error"]["details"] == {"maximum": 70_000}
    assert refund(api, order, 70_000).status_code == 200
    with nothing_changes():
        answer = refund(api, order, 100)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "order_not_refundable")


@pytest.mark.django_db
@pytest.mark.parametrize("amount", [0, -1, 1, 99, 1_000_000_001, 10.5, "1000", True, None])
def test_a_bad_amount_is_refused(api: Any, amount: Any) -> None:
    order = make_completed_order(amount=100_000)
    with nothing_changes():
        assert refund(api, order, amount).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("actor", ["support", "trust"])
def test_only_finance_returns_money(api: Any, actor: str) -> None:
    order = make_completed_order(amount=100_000)
    with nothing_changes():
        assert refund(api, order, 1_000, actor).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("amount", "parts"), [(150_000, [150_000]), (150_050, [149_950, 100]), (250_000, [150_000, 100_000])]
)
def test_of_milestones_the_last_one_paid_goes_back_first(api: Any, amount: int, parts: list[int]) -> None:
    order = make_approved_milestones()
    assert order.status == "completed"
    answer = refund(api, order, amount)
    assert (answer.status_code, answer.json()["data"]["refundedAmount"]) == (200, amount)
    assert list(Return.objects.order_by("id").values_list("amount", flat=True)) == parts
    assert check_ledger().faults == []


def test_twenty_operators_at_once_return_no_more_than_there_is(committed_db: None) -> None:
    order, operator = make_completed_order(amount=100_000), make_operator("finance")

    def press() -> Order:
        return services.refund_order(order=order, operator=operator, amount=60_000, reason=REASON)

    answers = at_once(*[press] * 20)
    assert len([one for one in answers if isinstance(one, Order)]) == 1
    assert {type(one) for one in answers} == {Order, ReturnTooLarge}
    assert Return.objects.get().amount == 60_000
    assert check_ledger().faults == []


def test_the_end_of_a_dispute_and_the_sweep_at_once_pay_once(committed_db: None) -> None:
    order = make_submitted_order(amount=100_000)
    hear(order.pk)
    services.approve_work(order=order, client=order.client)
    hear(order.pk, "won")
    at_once(*[lambda: services.release_held_order(order_id=order.pk)] * 10)
    order.refresh_from_db()
    assert (order.status, balance("wallet", order.doer_id)) == ("completed", 88_200)
    assert len(announced("OrderCompleted")) == 1
