"""Twenty callers at milestones of one order: each paid once, approved once, and the order ended once."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from khidma.kernel.clock import now
from khidma.kernel.models import OutboxDelivery, StateChange
from khidma.kernel.outbox import deliver_due
from khidma.tests.races import at_once
from orders import services, tasks
from orders.models import Milestone, Order
from orders.tests.evidence import announced
from orders.tests.factories import make_milestone_order, pay_milestones
from orders.tests.test_races import CALLERS, answers, assert_books_are_exact, callers, posts, send, webhook
from payments.models import Capture, Escrow, Payment, Transfer
from payments.services import open_gateway_order
from payments.tests.factories import balance

pytestmark = pytest.mark.usefixtures("committed_db", "gateway")


def parts(order: Order) -> list[Milestone]:
    return list(order.milestones.order_by("position"))


def submitted(*amounts: int) -> Order:
    order = make_milestone_order(*amounts, funded=True)
    return services.submit_milestones(order=order, doer=order.doer, message="Here it is.")


def ask(gateway: Any, order: Order, part: Milestone | None = None) -> tuple[Payment, dict[str, str]]:
    """Pay at the gateway; the payment and what the checkout hands over."""
    payment = services.prepare_payment(order=order, client=order.client, milestone=part)
    payment = open_gateway_order(payment_id=payment.pk)
    return payment, gateway.pay(payment.gateway_order_id, webhook=False)


def seen_at(gateway: Any, handed: dict[str, str]) -> dict[str, Any]:
    keys = (gateway.key_id, gateway.key_secret)
    found: dict[str, Any] = gateway.client.get(f"/v1/payments/{handed['razorpay_payment_id']}", auth=keys).json()
    return found


def test_one_milestone_is_approved_and_paid_once() -> None:
    order = submitted(100_000, 150_000)
    part = parts(order)[0]
    found = answers(posts(callers(order.client), f"/api/orders/{order.pk}/milestones/{part.pk}/approve"))
    assert found == {(200, ""): 1, (409, "milestone_not_submitted"): CALLERS - 1}
    assert len(announced("MilestoneApproved")) == 1
    assert balance("wallet", order.doer_id) == Escrow.objects.get(reference=part.pk).payee_net == 88_200
    assert Transfer.objects.filter(kind="settle").count() == 1
    assert_books_are_exact()


def test_two_milestones_approved_at_once_end_the_order_once() -> None:
    order = submitted(100_000, 150_001)
    address = f"/api/orders/{order.pk}/milestones/{{}}/approve"
    first, second = (posts(callers(order.client, CALLERS // 2), address.format(part.pk)) for part in parts(order))
    found = answers([call for pair in zip(first, second, strict=True) for call in pair])
    assert found == {(200, ""): 2, (409, "milestone_not_submitted"): CALLERS - 2}
    order.refresh_from_db()
    order.doer.refresh_from_db()
    assert (order.status, order.doer.completed_gigs) == ("completed", 1)
    assert len(announced("OrderCompleted")) == 1
    assert balance("wallet", order.doer_id) + balance("platform_fee") + balance("gst_payable") == 250_001
    assert_books_are_exact()


def test_all_at_once_and_one_by_one_pay_each_milestone_once() -> None:
    order = submitted(100_000, 150_000)
    together = posts(callers(order.client, CALLERS // 2), f"/api/orders/{order.pk}/approve")
    alone = posts(
        callers(order.client, CALLERS // 2), f"/api/orders/{order.pk}/milestones/{parts(order)[1].pk}/approve"
    )
    found = answers([call for pair in zip(together, alone, strict=True) for call in pair])
    assert set(found) <= {(200, ""), (409, "milestone_not_submitted"), (409, "order_not_submitted")}
    assert 1 <= found[200, ""] <= 2
    order.refresh_from_db()
    assert order.status == "completed"
    assert Transfer.objects.filter(kind="settle").count() == len(announced("MilestoneApproved")) == 2
    assert_books_are_exact()


def test_the_clock_and_the_client_approve_a_milestone_once_together() -> None:
    order = submitted(100_000)
    part = parts(order)[0]
    Milestone.objects.filter(pk=part.pk).update(auto_approve_at=now() - timedelta(minutes=1))
    approving = posts(callers(order.client, CALLERS // 2), f"/api/orders/{order.pk}/milestones/{part.pk}/approve")
    results = at_once(*approving, *[tasks.approve_unanswered_milestones] * (CALLERS // 2))
    assert not [result for result in results if isinstance(result, Exception)]
    by_client = [answer.status_code for answer in results[: CALLERS // 2]]
    assert set(by_client) <= {200, 409}
    assert by_client.count(200) + sum(results[CALLERS // 2 :]) == 1
    order.refresh_from_db()
    assert order.status == "completed"
    assert len(announced("MilestoneApproved")) == len(announced("OrderCompleted")) == 1
    assert_books_are_exact()


def test_a_milestone_is_paid_once_by_verify_and_webhook_together(gateway: Any) -> None:
    order = make_milestone_order(100_000, 150_000)
    part = parts(order)[1]
    payment, handed = ask(gateway, order, part)
    entity = seen_at(gateway, handed)
    deliver_due()
    verifying = posts(callers(order.client, CALLERS // 2), "/api/payments/verify", handed)
    telling = [partial(send, *webhook(entity, number)) for number in range(CALLERS // 2)]
    assert answers([*verifying, *telling]) == {(200, ""): CALLERS}
    deliver_due()
    order.refresh_from_db()
    assert [order.status, *[row.status for row in parts(order)]] == ["in_progress", "pending", "funded"]
    assert Capture.objects.count() == len(announced("OrderFunded")) == 1
    assert not announced("MilestonesFunded")
    assert balance("escrow", Escrow.objects.get(reference=part.pk).pk) == payment.amount == 150_000
    assert StateChange.objects.filter(subject_id=part.pk, action="fund").count() == 1
    assert not OutboxDelivery.objects.exclude(status="done").exists()
    assert_books_are_exact()


def test_two_milestones_paid_at_once_begin_the_order_once(gateway: Any) -> None:
    order = make_milestone_order(100_000, 150_000)
    handed = [ask(gateway, order, part)[1] for part in parts(order)]
    calls = [posts(callers(order.client, CALLERS // 2), "/api/payments/verify", body) for body in handed]
    assert answers([call for pair in zip(*calls, strict=True) for call in pair]) == {(200, ""): CALLERS}
    deliver_due()
    order.refresh_from_db()
    assert [order.status, *[row.status for row in parts(order)]] == ["in_progress", "funded", "funded"]
    assert len(announced("OrderFunded")) == len(announced("MilestonesFunded")) == 1
    assert_books_are_exact()


def test_a_milestone_is_either_paid_or_dropped(gateway: Any) -> None:
    order = make_milestone_order(100_000, 150_000)
    pay_milestones(order, 1)
    part = parts(order)[0]
    payment, handed = ask(gateway, order, part)
    Milestone.objects.filter(pk=part.pk).update(turn_at=now() - timedelta(days=15))
    verifying = posts(callers(order.client, CALLERS // 2), "/api/payments/verify", handed)
    results = at_once(*verifying, *[tasks.drop_unpaid_milestones] * (CALLERS // 2))
    assert not [result for result in results if isinstance(result, Exception)]
    assert {answer.status_code for answer in results[: CALLERS // 2]} == {200}
    part.refresh_from_db()
    escrow = Escrow.objects.get(reference=part.pk)
    if part.status == "dropped":
        assert (escrow.status, balance("refund_pending", payment.pk)) == ("abandoned", 100_000)
        assert len(announced("MilestoneDropped")) == 1
    else:
        assert (part.status, escrow.status, balance("escrow", escrow.pk)) == ("funded", "funded", 100_000)
        assert not announced("MilestoneDropped")
    assert Capture.objects.filter(payment=payment).count() == 1
    assert_books_are_exact()
