"""Orders whose payment a bank disputes: approval is kept, pay waits, and a lost dispute ends what has no money left."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from khidma.kernel.clock import now
from khidma.kernel.outbox import deliver_due
from orders import services
from orders.models import Cancellation, Milestone, Order
from orders.tasks import release_held_milestones, release_held_orders, settle_cancellations
from orders.tests.evidence import announced
from orders.tests.factories import make_funded_order, make_milestone_order, make_submitted_order
from payments import services as payments
from payments.models import Chargeback
from payments.providers.gateway import DisputeSighting, RefundSighting
from payments.selectors import check_ledger, escrow_of
from payments.tests.factories import balance

pytestmark = pytest.mark.django_db


def hear(reference: Any, status: str = "open", amount: int = 0) -> Chargeback:
    """The bank of the payer says so of the payment behind this order or milestone."""
    escrow = escrow_of(reference)
    assert escrow.funded_by
    found = payments.record_dispute(
        sighting=DisputeSighting(
            dispute_id=f"disp_{escrow.pk.hex[-14:]}",
            payment_id=escrow.funded_by.gateway_payment_id,
            amount=amount or escrow.funded_by.amount,
            status=status,
            phase="chargeback",
            reason_code="goods_or_services_not_received_or_partially_received",
            amount_deducted=(amount or escrow.funded_by.amount) if status == "lost" else 0,
            has_evidence=True,
        )
    )
    assert found is not None
    return found


def tell(order: Order) -> Order:
    """Everybody hears what has happened."""
    deliver_due()
    order.refresh_from_db()
    return order


def test_an_approval_is_kept_while_the_bank_looks(api: Any) -> None:
    order = make_submitted_order(amount=100_000)
    hear(order.pk)
    answer = api(order.client).post(f"/api/orders/{order.pk}/approve")
    assert (answer.status_code, answer.json()["data"]["status"]) == (200, "approved")
    assert answer.json()["data"]["escrowState"] == "funded"
    assert release_held_orders() == 0
    assert (balance("wallet", order.doer_id), len(announced("OrderApproved")), announced("OrderCompleted")) == (
        0,
        1,
        [],
    )


@pytest.mark.parametrize("outcome", ["won", "closed"])
@pytest.mark.parametrize("by_sweep", [True, False])
def test_the_pay_follows_by_itself_when_the_bank_has_decided(outcome: str, by_sweep: bool) -> None:
    order = make_submitted_order(amount=100_000)
    hear(order.pk)
    services.approve_work(order=order, client=order.client)
    hear(order.pk, outcome)
    if by_sweep:
        assert release_held_orders() == 1
    order = tell(order)
    assert (order.status, balance("wallet", order.doer_id)) == ("completed", 88_200)
    assert len(announced("OrderCompleted")) == 1
    assert check_ledger().faults == []


@pytest.mark.parametrize("walk", [make_funded_order, make_submitted_order])
def test_a_lost_dispute_ends_the_order_that_it_leaves_without_money(walk: Any) -> None:
    order = walk(amount=100_000)
    hear(order.pk, "lost")
    order = tell(order)
    assert (order.status, order.gig.status) == ("cancelled", "cancelled")
    assert announced("OrderCancelled")[0]["cancelled_by"] == "system"
    assert check_ledger().faults == []


def test_a_lost_dispute_ends_an_order_that_was_approved_meanwhile() -> None:
    order = make_submitted_order(amount=100_000)
    hear(order.pk)
    services.approve_work(order=order, client=order.client)
    hear(order.pk, "lost")
    order = tell(order)
    assert (order.status, balance("wallet", order.doer_id)) == ("cancelled", 0)
    assert release_held_orders() == 0


def test_a_dispute_that_is_lost_in_part_leaves_the_doer_the_rest() -> None:
    order = make_submitted_order(amount=100_000)
    hear(order.pk, amount=40_000)
    services.approve_work(order=order, client=order.client)
    hear(order.pk, "lost", amount=40_000)
    order = tell(order)
    assert (order.status, balance("wallet", order.doer_id)) == ("completed", 52_920)
    assert check_ledger().faults == []


def submitted_milestones() -> Order:
    """Two milestones that were paid at once and handed in."""
    order = make_milestone_order(100_000, 150_000, funded=True)
    return services.submit_milestones(order=order, doer=order.doer, message="Both.")


@pytest.mark.parametrize("by_sweep", [True, False])
def test_milestones_keep_their_approval_and_the_order_waits_for_their_pay(by_sweep: bool) -> None:
    order = submitted_milestones()
    first = order.milestones.order_by("position")[0]
    hear(first.pk)
    order = services.approve_milestones(order=order, client=order.client)
    assert set(Milestone.objects.values_list("status", flat=True)) == {"approved"}
    assert (order.status, balance("wallet", order.doer_id), release_held_milestones()) == ("in_progress", 0, 0)
    assert [told["paid"] for told in announced("MilestoneApproved")] == [0, 0]
    hear(first.pk, "won")
    if by_sweep:
        assert release_held_milestones() == 2
    order = tell(order)
    assert (order.status, balance("wallet", order.doer_id)) == ("completed", 220_500)
    assert sum(told["paid"] for told in announced("MilestoneReleased")) == 220_500
    assert check_ledger().faults == []


def test_milestones_without_money_end_with_a_lost_dispute() -> None:
    order = submitted_milestones()
    first = order.milestones.order_by("position")[0]
    hear(first.pk, "lost", amount=100_000)
    order = tell(order)
    assert list(order.milestones.order_by("position").values_list("status", flat=True)) == ["refunded", "submitted"]
    assert order.status == "in_progress"
    order = services.approve_milestones(order=order, client=order.client)
    assert (order.status, balance("wallet", order.doer_id)) == ("completed", 132_300)
    assert check_ledger().faults == []


def late(order: Order) -> Order:
    """The first hours after the payment are over."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_order SET funded_at = funded_at - interval '5 hours' WHERE id = %s", [order.pk])
    order.refresh_from_db()
    return order


def test_a_cancellation_is_never_blocked_by_a_dispute() -> None:
    order = late(make_funded_order(amount=100_000))
    hear(order.pk)
    order = services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    assert (order.status, balance("wallet", order.doer_id)) == ("cancelled", 22_050)
    hear(order.pk, "lost")
    tell(order)
    assert check_ledger().faults == []


def test_a_contested_cancellation_without_money_is_closed() -> None:
    order = late(make_funded_order(amount=100_000))
    services.cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    hear(order.pk, "lost")
    order = tell(order)
    assert order.status == "cancelled"
    assert settle_cancellations() == 0
    assert escrow_of(order.pk).status == "decided"
    order.cancellation.refresh_from_db()
    assert order.cancellation.settled_at is not None
    assert check_ledger().faults == []


def test_a_milestone_whose_money_is_gone_does_not_keep_the_others_of_its_cancellation() -> None:
    order = make_milestone_order(100_000, 200_000, funded=True)
    order.milestones.update(funded_at=now() - timedelta(hours=3))
    services.cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    first, second = order.milestones.order_by("position")
    assert (escrow_of(first.pk).held, escrow_of(second.pk).held) == (25_000, 50_000)
    escrow = escrow_of(second.pk)
    assert escrow.funded_by
    payments.record_foreign_refund(
        sighting=RefundSighting("rfnd_00000000000001", escrow.funded_by.gateway_payment_id, "", 50_000, "processed")
    )
    tell(order)
    assert (escrow_of(first.pk).status, escrow_of(second.pk).status) == ("funded", "decided")
    Cancellation.objects.update(due_at=now() - timedelta(minutes=1))
    assert settle_cancellations() == 1
    assert (escrow_of(first.pk).status, escrow_of(first.pk).held) == ("decided", 0)
    order.cancellation.refresh_from_db()
    assert order.cancellation.settled_at is not None
    assert check_ledger().faults == []
