"""Cancelling and refunding paid orders in milestones: each escrow weighed by itself, what was approved stays."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.tests.factories import make_operator
from gigs.states import ApplicationStatus, GigStatus
from khidma.kernel.clock import now
from khidma.kernel.ids import new_id
from khidma.kernel.models import StateChange
from khidma.kernel.runtime import change
from orders import services, tasks
from orders.errors import OrderNotInProgress, OrderNotRefundable, QuoteChanged, WorkAlreadySubmitted
from orders.models import Cancellation, Milestone, Order
from orders.runtime import CancellationSettings
from orders.services.milestones.refunding import Holding, plan_refund
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_milestone_order, pay_milestones
from payments.errors import PartTooLarge
from payments.models import Account, Escrow, Refund
from payments.services import record_sighting
from payments.tests.factories import balance, captured, make_payment

pytestmark = pytest.mark.django_db

SHARE = {25_000: 22_050, 37_500: 33_075, 12_500: 11_025}
"""What a quarter of ₹1 000, ₹1 500 and ₹500 leaves the doer after 10 % commission and 18 % GST on it."""


def parts(order: Order) -> list[Milestone]:
    return list(order.milestones.order_by("position"))


def statuses(order: Order) -> list[str]:
    return [row.status for row in parts(order)]


def begun(order: Order, *positions: int) -> Order:
    """Let these milestones, or all, have been paid three hours ago."""
    rows = order.milestones.filter(position__in=positions) if positions else order.milestones.all()
    rows.filter(status="funded").update(funded_at=now() - timedelta(hours=3))
    return order


def hand_in(order: Order, position: int) -> None:
    services.submit_milestones(order=order, doer=order.doer, message="Here.", only=parts(order)[position].pk)


def approve(order: Order, position: int) -> None:
    hand_in(order, position)
    services.approve_milestones(order=order, client=order.client, only=parts(order)[position].pk)
    order.refresh_from_db()


def promised() -> int:
    return sum(Account.objects.filter(kind="refund_pending").values_list("balance", flat=True))


def held() -> int:
    return sum(Account.objects.filter(kind="escrow").values_list("balance", flat=True))


def wallet(order: Order) -> int:
    return balance("wallet", order.doer_id)


# Who gets what


def test_before_work_began_every_paid_milestone_goes_back_and_the_gig_is_open_again() -> None:
    order = make_milestone_order(funded=True)
    order = services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    assert (order.status, statuses(order)) == ("cancelled", ["refunded"] * 3)
    assert (promised(), held(), wallet(order)) == (300_000, 0, 0)
    order.gig.refresh_from_db()
    order.application.refresh_from_db()
    assert (order.gig.status, order.application.status) == (GigStatus.OPEN, ApplicationStatus.LAPSED)
    told = announced("OrderCancelled")[0]
    assert (told["client_refund"], told["fault"], told["escrow_state"]) == (300_000, "client", "refunded")


def test_each_milestone_is_weighed_by_its_own_moments() -> None:
    order = make_milestone_order(funded=True)
    begun(order, 0, 1)
    Milestone.objects.filter(pk=parts(order)[1].pk).update(due_at=now() - timedelta(days=1))
    services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    rows = dict(order.cancellation.parts.values_list("reference", "row"))
    assert [rows[row.pk] for row in parts(order)] == ["begun", "overdue", "not_begun"]
    assert (promised(), wallet(order)) == (275_000, SHARE[25_000])
    assert (order.cancellation.row, order.cancellation.held) == ("several", 300_000)
    order.gig.refresh_from_db()
    assert order.gig.status == GigStatus.CANCELLED


def test_unpaid_milestones_are_dropped_with_the_order() -> None:
    order = begun(pay_milestones(make_milestone_order(), 0))
    order = services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    assert (order.status, statuses(order)) == ("cancelled", ["refunded", "dropped", "dropped"])
    assert (promised(), wallet(order)) == (75_000, SHARE[25_000])
    assert set(Escrow.objects.values_list("status", flat=True)) == {"decided", "abandoned"}


def test_what_was_approved_stays_with_the_doer_and_the_order_is_completed() -> None:
    order = make_milestone_order(funded=True)
    approve(order, 0)
    earned = wallet(order)
    begun(order)
    order = services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    assert (order.status, statuses(order)) == ("completed", ["approved", "refunded", "refunded"])
    assert wallet(order) == earned + SHARE[37_500] + SHARE[12_500]
    assert promised() == 150_000
    order.gig.refresh_from_db()
    assert order.gig.status == GigStatus.COMPLETED
    assert not announced("OrderCancelled")
    told = announced("MilestonesCancelled")[0]
    assert (told["client_refund"], told["doer_amount"]) == (150_000, SHARE[37_500] + SHARE[12_500])
    assert announced("OrderCompleted")[0]["doer_payout"] == wallet(order)


def test_a_doer_who_gives_up_keeps_what_was_approved_and_gets_nothing_more() -> None:
    order = make_milestone_order(funded=True)
    approve(order, 0)
    earned = wallet(order)
    begun(order)
    order = services.cancel_order(order=order, actor=order.doer, reason="other")
    assert (order.status, wallet(order), promised()) == ("completed", earned, 200_000)
    assert order.cancellation.fault == "doer"


def test_work_that_was_handed_in_waits_for_its_own_answer() -> None:
    order = begun(make_milestone_order(funded=True))
    hand_in(order, 0)
    order = services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    assert (order.status, statuses(order)) == ("in_progress", ["submitted", "refunded", "refunded"])
    assert (held(), promised()) == (100_000, 150_000)
    with nothing_changes(), pytest.raises(WorkAlreadySubmitted):
        services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    services.approve_milestones(order=order, client=order.client)
    order.refresh_from_db()
    assert (order.status, held()) == ("completed", 0)


def test_work_that_was_sent_back_is_not_cancelled_away() -> None:
    order = make_milestone_order(100_000, funded=True)
    hand_in(order, 0)
    services.revise_milestones(order=order, client=order.client, message="Again.")
    for actor in (order.client, order.doer):
        with nothing_changes(), pytest.raises(WorkAlreadySubmitted):
            services.cancel_order(order=order, actor=actor, reason="doer_unreachable")
        with nothing_changes(), pytest.raises(WorkAlreadySubmitted):
            services.quote_cancellation(order=order, actor=actor)


def test_an_ended_order_is_not_cancelled_again() -> None:
    order = make_milestone_order(funded=True)
    order = services.cancel_order(order=order, actor=order.client, reason="other")
    with nothing_changes(), pytest.raises(OrderNotInProgress):
        services.cancel_order(order=order, actor=order.client, reason="other")
    with nothing_changes(), pytest.raises(OrderNotRefundable):
        services.refund_order(order=order, operator=make_operator("finance"), amount=1_000, reason="Goodwill.")


def test_with_only_unpaid_milestones_left_the_order_ends_with_what_was_approved() -> None:
    order = pay_milestones(make_milestone_order(), 0)
    approve(order, 0)
    order = services.cancel_order(order=order, actor=order.doer, reason="other")
    assert (order.status, statuses(order)) == ("completed", ["approved", "dropped", "dropped"])
    assert (order.cancellation.fault, order.cancellation.held) == ("none", 0)


def test_money_that_has_just_come_is_weighed_too() -> None:
    order = begun(pay_milestones(make_milestone_order(), 0))
    payment = make_payment(Escrow.objects.get(reference=parts(order)[1].pk))
    record_sighting(payment_id=payment.pk, sighting=captured(payment))  # nobody has told orders of it yet
    order = services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    assert statuses(order) == ["refunded", "refunded", "dropped"]
    assert promised() == 75_000 + 150_000


@pytest.mark.parametrize("amounts", [(1_000, 1_001), (1_003, 99_999, 33_333), (123_456_789, 1_000)])
@pytest.mark.parametrize("reason", ["changed_mind", "doer_unreachable", "emergency"])
def test_no_paisa_is_made_or_lost(amounts: tuple[int, ...], reason: str) -> None:
    order = begun(make_milestone_order(*amounts, funded=True))
    services.cancel_order(order=order, actor=order.client, reason=reason)
    income = balance("platform_fee") + balance("gst_payable")
    assert promised() + held() + wallet(order) + income == sum(amounts)
    Cancellation.objects.filter(order=order).update(due_at=now() - timedelta(minutes=1))
    tasks.settle_cancellations()
    income = balance("platform_fee") + balance("gst_payable")
    assert (promised() + wallet(order) + income, held()) == (sum(amounts), 0)
    cancellation = Cancellation.objects.get(order=order)
    assert promised() == cancellation.client_refund == sum(Refund.objects.values_list("amount", flat=True))
    assert cancellation.client_refund + cancellation.doer_gross == sum(amounts)


# Contest period


def test_the_parts_at_stake_stay_in_escrow_until_nobody_can_contest() -> None:
    order = begun(make_milestone_order(funded=True))
    approve(order, 0)
    earned = wallet(order)
    order = services.cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    assert (order.status, held(), promised()) == ("completed", 37_500 + 12_500, 150_000)
    with nothing_changes():
        assert tasks.settle_cancellations() == 0
    Cancellation.objects.filter(order=order).update(due_at=now() - timedelta(minutes=1))
    assert tasks.settle_cancellations() == 1
    assert (held(), promised(), wallet(order)) == (0, 200_000, earned)
    with nothing_changes():
        assert tasks.settle_cancellations() == 0


# Quotes


def test_what_the_quote_showed_over_all_milestones_is_what_is_charged() -> None:
    order = begun(make_milestone_order(funded=True))
    quote = services.quote_cancellation(order=order, actor=order.client, reason="changed_mind")
    assert (quote.client_refund, quote.doer_amount) == (225_000, sum(SHARE.values()))
    assert quote.client_refund + quote.doer_amount + quote.fee == 300_000
    Milestone.objects.filter(order=order).update(due_at=now() - timedelta(days=1))
    services.cancel_order(order=order, actor=order.client, reason="changed_mind", quote_id=quote.pk)
    assert (promised(), wallet(order)) == (quote.client_refund, quote.doer_amount)


def test_a_quote_from_before_a_refund_in_part_is_not_charged() -> None:
    order = begun(make_milestone_order(funded=True))
    quote = services.quote_cancellation(order=order, actor=order.client, reason="changed_mind")
    refund(order, 20_000)
    with nothing_changes(), pytest.raises(QuoteChanged):
        services.cancel_order(order=order, actor=order.client, reason="changed_mind", quote_id=quote.pk)


def test_a_quote_over_http_and_the_deed(api: Any) -> None:
    order = begun(make_milestone_order(funded=True))
    client = api(order.client)
    quote = client.get(f"/api/orders/{order.pk}/cancellation-quote?reason=changed_mind").json()["data"]
    answer = client.post(f"/api/orders/{order.pk}/cancel", {"reason": "changed_mind", "quoteId": quote["id"]})
    shown = answer.json()["data"]
    assert (answer.status_code, shown["status"], shown["escrowState"]) == (200, "cancelled", "released")
    assert (shown["refundedAmount"], shown["doerPayout"]) == (quote["clientRefund"], quote["doerAmount"])
    assert [row["status"] for row in shown["milestones"]] == ["refunded"] * 3


def test_while_it_can_be_contested_the_order_shows_what_each_side_gets(api: Any) -> None:
    order = begun(make_milestone_order(funded=True))
    shown = api(order.client).post(f"/api/orders/{order.pk}/cancel", {"reason": "doer_unreachable"}).json()["data"]
    assert (shown["status"], shown["escrowState"]) == ("cancelled", "funded")
    assert (shown["refundedAmount"], shown["doerPayout"]) == (225_000, 0)


@pytest.mark.parametrize(
    ("actor", "status"), [("anonymous", 401), ("stranger", 404), ("operator", 404), ("client", 200), ("doer", 200)]
)
def test_who_may_cancel(api: Any, actor: str, status: int) -> None:
    order = make_milestone_order(funded=True)
    people: dict[str, Any] = {
        "anonymous": None,
        "stranger": make_milestone_order().client,
        "operator": make_operator("finance"),
        "client": order.client,
        "doer": order.doer,
    }
    client = api(people[actor])
    if status == 200:
        assert client.post(f"/api/orders/{order.pk}/cancel", {"reason": "other"}).status_code == 200
    else:
        with nothing_changes():
            assert client.post(f"/api/orders/{order.pk}/cancel", {"reason": "other"}).status_code == status


# Refunds by operators


def refund(order: Order, amount: int) -> Order:
    return services.refund_order(order=order, operator=make_operator("finance"), amount=amount, reason="Goodwill.")


def test_a_part_comes_from_the_latest_milestone_first() -> None:
    order = make_milestone_order(funded=True)
    refund(order, 20_000)
    assert [Escrow.objects.get(reference=row.pk).held for row in parts(order)] == [100_000, 150_000, 30_000]
    assert (order.status, promised()) == ("in_progress", 20_000)
    assert announced("OrderRefunded")[0]["refunded"] == 20_000
    refund(order, 30_000 + 50_000)
    assert [Escrow.objects.get(reference=row.pk).held for row in parts(order)] == [100_000, 100_000, 0]
    assert statuses(order) == ["funded", "funded", "refunded"]
    assert StateChange.objects.filter(subject_id=order.pk, action="refund").count() == 2


def test_all_of_it_ends_an_order_without_submitted_work() -> None:
    order = pay_milestones(make_milestone_order(), 0, 1)
    order = refund(order, 250_000)
    assert (order.status, statuses(order)) == ("cancelled", ["refunded", "refunded", "dropped"])
    assert (promised(), held()) == (250_000, 0)
    assert order.cancellation.row == "operator"


def test_all_that_is_held_after_an_approval_completes_the_order() -> None:
    order = make_milestone_order(funded=True)
    approve(order, 0)
    order = refund(order, 200_000)
    assert (order.status, statuses(order)) == ("completed", ["approved", "refunded", "refunded"])
    assert promised() == 200_000


def test_work_that_was_handed_in_keeps_a_rupee_at_least() -> None:
    order = make_milestone_order(funded=True)
    hand_in(order, 2)
    with nothing_changes(), pytest.raises(PartTooLarge) as refused:
        refund(order, 300_000)
    assert refused.value.details["maximum"] == 299_900
    order = refund(order, 299_900)
    assert (order.status, statuses(order)) == ("in_progress", ["refunded", "refunded", "submitted"])
    assert (held(), promised()) == (100, 299_900)


def test_a_plan_that_would_leave_less_than_a_rupee_is_refused() -> None:
    holdings = [Holding(new_id(), 10_000, can_end=True), Holding(new_id(), 30_000, can_end=True)]
    with pytest.raises(PartTooLarge):
        plan_refund(holdings, 39_950)


@pytest.mark.parametrize("amount", [100, 101, 199, 29_950, 30_000, 30_050, 30_100, 59_999, 80_000, 89_900, 90_000])
def test_a_plan_leaves_and_sends_nothing_below_a_rupee(amount: int) -> None:
    order = make_milestone_order()
    holdings = [
        Holding(row.pk, held, can_end=True) for row, held in zip(parts(order), (10_000, 50_000, 30_000), strict=True)
    ]
    plan = plan_refund(holdings, amount) if amount <= 90_000 else []
    assert sum(part for _holding, part in plan) == amount
    assert all(part >= 100 and (part == holding.held or holding.held - part >= 100) for holding, part in plan)


def test_the_policy_in_force_at_placement_counts_for_milestones_too() -> None:
    order = begun(make_milestone_order(funded=True))
    change(CancellationSettings, {"begun_bp": 5_000})
    services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    assert promised() == 225_000
