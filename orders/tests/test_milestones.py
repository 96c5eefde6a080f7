"""Orders in milestones: placed, paid, worked, approved and given up part by part."""

from datetime import timedelta

import pytest
from django.db import transaction

from gigs.states import GigStatus
from khidma.kernel.clock import now
from khidma.kernel.outbox import deliver_due
from khidma.kernel.runtime import change
from khidma.kernel.states import history, lock
from orders import services, tasks
from orders.errors import (
    MilestoneNotFunded,
    MilestoneNotSubmitted,
    OrderAmountTooSmall,
    OrderNotAwaitingPayment,
    OrderNotInProgress,
    OrderNotStarted,
    OrderNotSubmitted,
    RevisionLimitReached,
)
from orders.models import Milestone, Order
from orders.selectors import list_changes_of, money_of
from orders.services.milestones.ending import refund_milestones
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_milestone_order, pay_milestones
from payments.errors import AlreadyPaid
from payments.models import Escrow, Payment
from payments.runtime import PaymentSettings
from payments.services import record_sighting
from payments.tests.factories import balance, captured

pytestmark = pytest.mark.django_db


def parts(order: Order) -> list[Milestone]:
    return list(order.milestones.order_by("position"))


def statuses(order: Order) -> list[str]:
    order.refresh_from_db()
    return [order.status, *[part.status for part in parts(order)]]


def submit(order: Order, position: int | None = None) -> Order:
    only = None if position is None else parts(order)[position].pk
    return services.submit_milestones(order=order, doer=order.doer, message="Here it is.", only=only)


def approve(order: Order, position: int | None = None) -> Order:
    only = None if position is None else parts(order)[position].pk
    return services.approve_milestones(order=order, client=order.client, only=only)


def send_back(order: Order, position: int, days: int = 0) -> Order:
    only = parts(order)[position].pk
    return services.revise_milestones(order=order, client=order.client, message="Bluer.", extra_days=days, only=only)


def age(part: Milestone, **moments: timedelta) -> None:
    """Let these moments of the milestone be that long ago."""
    Milestone.objects.filter(pk=part.pk).update(**{name: now() - ago for name, ago in moments.items()})


def test_the_steps_of_an_application_are_the_milestones_of_its_order() -> None:
    order = make_milestone_order(100_001, 33_333, 1_000)
    found = [(part.title, part.amount, part.commission, part.status) for part in parts(order)]
    assert found == [
        ("Part 1", 100_001, 10_000, "pending"),
        ("Part 2", 33_333, 3_333, "pending"),
        ("Part 3", 1_000, 100, "pending"),
    ]
    assert (order.amount, order.status) == (134_334, "pending_payment")
    assert order.due_at == parts(order)[2].due_at
    assert [part.turn_at is not None for part in parts(order)] == [True, False, False]
    for part in parts(order):
        escrow = Escrow.objects.get(reference=part.pk)
        assert (escrow.amount, escrow.commission, escrow.part_of) == (part.amount, part.commission, order.pk)
    payment = Payment.objects.get()
    assert (payment.amount, payment.purpose, payment.items.count()) == (134_334, "order", 3)


def test_no_milestone_is_smaller_than_the_smallest_order() -> None:
    change(PaymentSettings, {"minimum_order": 50_001})
    with pytest.raises(OrderAmountTooSmall) as refusal:
        make_milestone_order(50_001, 50_000)
    assert refusal.value.details == {"minimum": 50_001, "amount": 50_000}
    assert not Order.objects.exists()


# Amounts; then the parts of a commission of 10 % over all of them, by largest remainder.
DIVIDED = [
    ((1_005, 1_005), (101, 100)),  # 201 in all, not 101 + 101
    ((1_004, 1_004, 1_004), (101, 100, 100)),  # 301.2
    ((1_007, 1_007, 1_006), (101, 101, 100)),
    ((33_333, 33_333, 33_334), (3_333, 3_333, 3_334)),
    ((1_009,) * 20, (101,) * 18 + (100,) * 2),  # 2018
    ((999_999_00, 1_001), (9_999_990, 100)),
]


@pytest.mark.parametrize(("amounts", "commissions"), DIVIDED)
def test_the_parts_of_the_commission_add_up_and_are_what_is_charged(
    amounts: tuple[int, ...], commissions: tuple[int, ...]
) -> None:
    order = make_milestone_order(*amounts, funded=True)
    quoted = money_of([order])[order.pk]
    submit(order)
    approve(order)
    escrows = [Escrow.objects.get(reference=part.pk) for part in parts(order)]
    assert [escrow.platform_fee for escrow in escrows] == [part.commission for part in parts(order)]
    assert tuple(part.commission for part in parts(order)) == commissions
    whole = (sum(amounts) + 5) // 10
    assert sum(commissions) == balance("platform_fee") == quoted.platform_fee == whole
    kept = [balance(kind) for kind in ("platform_fee", "gst_payable", "tds_payable")]
    assert balance("wallet", order.doer_id) + sum(kept) == sum(amounts)
    settled = money_of([order])[order.pk]
    assert (settled.platform_fee, settled.gst, settled.doer_payout) == (
        quoted.platform_fee,
        quoted.gst,
        quoted.doer_payout,
    )
    assert (settled.escrow_state, settled.refunded_amount) == ("released", 0)
    assert statuses(order) == ["completed"] + ["approved"] * len(amounts)


def test_the_rate_of_the_day_of_the_order_stays() -> None:
    order = make_milestone_order(100_000, 200_000, funded=True)
    change(PaymentSettings, {"commission_bp": 2_000})
    submit(order)
    approve(order)
    assert balance("platform_fee") == 30_000


def test_the_first_money_begins_the_order_and_later_money_only_its_milestone() -> None:
    order = make_milestone_order(100_000, 150_000, 50_000)
    pay_milestones(order, 1)
    assert statuses(order) == ["in_progress", "pending", "funded", "pending"]
    assert [event["held"] for event in announced("OrderFunded")] == [150_000]
    assert money_of([order])[order.pk].escrow_state == "funded"
    pay_milestones(order)
    assert statuses(order) == ["in_progress", "funded", "funded", "funded"]
    [later] = announced("MilestonesFunded")
    assert (later["held"], len(later["milestone_ids"])) == (150_000, 2)
    assert len(announced("OrderFunded")) == 1


def test_a_payment_is_for_one_or_for_all_that_are_left() -> None:
    order = make_milestone_order(100_000, 150_000, 50_000)
    ask = services.prepare_payment
    second = ask(order=order, client=order.client, milestone=parts(order)[1])
    assert (second.amount, second.purpose) == (150_000, "milestone")
    assert ask(order=order, client=order.client, milestone=parts(order)[1]) == second
    pay_milestones(order, 0)
    rest = ask(order=order, client=order.client)
    assert (rest.amount, rest.purpose) == (200_000, "order")
    with nothing_changes(), pytest.raises(AlreadyPaid):
        ask(order=order, client=order.client, milestone=parts(order)[0])
    pay_milestones(order)
    with nothing_changes(), pytest.raises(AlreadyPaid):
        ask(order=order, client=order.client)


def test_paying_for_all_after_one_was_paid_sends_the_surplus_back() -> None:
    order = make_milestone_order(100_000, 150_000)
    everything = Payment.objects.get()
    Payment.objects.filter(pk=everything.pk).update(gateway_order_id="order_all")
    everything.refresh_from_db()
    pay_milestones(order, 0)
    services.confirm_payment(payment=everything, sighting=captured(everything), client=order.client)
    assert statuses(order) == ["in_progress", "funded", "funded"]
    assert balance("refund_pending", everything.pk) == 100_000
    assert sum(balance("escrow", escrow.pk) for escrow in Escrow.objects.all()) == 250_000


def test_each_milestone_goes_its_own_way() -> None:
    order = make_milestone_order(100_000, 150_000, funded=True)
    submit(order, 1)
    assert statuses(order) == ["in_progress", "funded", "submitted"]
    approve(order, 1)
    assert statuses(order) == ["in_progress", "funded", "approved"]
    assert balance("wallet", order.doer_id) == Escrow.objects.get(reference=parts(order)[1].pk).payee_net
    assert money_of([order])[order.pk].escrow_state == "funded"
    assert not announced("OrderCompleted")
    submit(order, 0)
    send_back(order, 0, days=2)
    assert statuses(order) == ["in_progress", "funded", "approved"]
    submit(order, 0)
    approve(order, 0)
    assert statuses(order) == ["completed", "approved", "approved"]
    order.gig.refresh_from_db()
    order.doer.refresh_from_db()
    assert (order.gig.status, order.doer.completed_gigs) == (GigStatus.COMPLETED, 1)
    [completed] = announced("OrderCompleted")
    assert completed["doer_payout"] == balance("wallet", order.doer_id)
    assert [event["milestone_title"] for event in announced("MilestoneApproved")] == ["Part 2", "Part 1"]
    assert [event["paid"] for event in announced("MilestoneApproved")] == [132_300, 88_200]


def test_the_order_takes_steps_for_all_its_milestones_at_once() -> None:
    order = make_milestone_order(100_000, 150_000, 50_000)
    pay_milestones(order, 0, 1)
    services.submit_work(order=order, doer=order.doer, message="Both.")
    assert statuses(order) == ["in_progress", "submitted", "submitted", "pending"]
    assert order.deliverables.count() == 2
    services.request_revision(order=order, client=order.client, message="Both bluer.", extra_days=1)
    assert statuses(order) == ["in_progress", "funded", "funded", "pending"]
    services.submit_work(order=order, doer=order.doer, message="Bluer.")
    services.approve_work(order=order, client=order.client)
    assert statuses(order) == ["in_progress", "approved", "approved", "pending"]


def test_a_revision_moves_the_deadline_of_its_milestone() -> None:
    order = make_milestone_order(100_000, 150_000, funded=True)
    first, last = parts(order)
    submit(order)
    order = send_back(order, 0, days=2)
    assert parts(order)[0].due_at == first.due_at + timedelta(days=2)
    assert (parts(order)[1].due_at, order.due_at) == (last.due_at, last.due_at)
    order = send_back(order, 1, days=3)
    assert order.due_at == last.due_at + timedelta(days=3)
    assert statuses(order) == ["in_progress", "funded", "funded"]


def test_each_milestone_has_three_revisions() -> None:
    order = make_milestone_order(100_000, 150_000, funded=True)
    for _ in range(3):
        submit(order, 0)
        send_back(order, 0)
    submit(order)
    with nothing_changes(), pytest.raises(RevisionLimitReached) as refusal:
        send_back(order, 0)
    assert refusal.value.details == {"limit": 3}
    with nothing_changes(), pytest.raises(RevisionLimitReached):
        services.request_revision(order=order, client=order.client, message="Both.")
    send_back(order, 1)
    assert statuses(order) == ["in_progress", "submitted", "funded"]


def test_what_is_not_due_is_refused() -> None:
    order = make_milestone_order(100_000, 150_000, 50_000)
    with nothing_changes(), pytest.raises(MilestoneNotFunded):
        submit(order, 0)
    with nothing_changes(), pytest.raises(OrderNotInProgress):
        submit(order)
    pay_milestones(order, 0, 1)
    with nothing_changes(), pytest.raises(MilestoneNotFunded):
        submit(order, 2)
    with nothing_changes(), pytest.raises(MilestoneNotSubmitted):
        approve(order, 0)
    with nothing_changes(), pytest.raises(MilestoneNotSubmitted):
        send_back(order, 0)
    with nothing_changes(), pytest.raises(OrderNotSubmitted):
        approve(order)
    with nothing_changes(), pytest.raises(OrderNotSubmitted):
        services.request_revision(order=order, client=order.client, message="Hm.")
    submit(order, 0)
    with nothing_changes(), pytest.raises(MilestoneNotFunded):
        submit(order, 0)
    approve(order, 0)
    with nothing_changes(), pytest.raises(MilestoneNotSubmitted):
        approve(order, 0)


def test_on_site_no_milestone_is_handed_in_before_the_start() -> None:
    order = make_milestone_order(100_000, 150_000, kind="on_site", category="cleaning", funded=True)
    for position in (None, 0):
        with nothing_changes(), pytest.raises(OrderNotStarted):
            submit(order, position)
    services.start_work(order=order, doer=order.doer, code=order.start_code)
    submit(order, 0)
    assert statuses(order) == ["in_progress", "submitted", "funded"]


def test_the_clock_approves_each_milestone_by_itself() -> None:
    order = make_milestone_order(100_000, 150_000, funded=True)
    submit(order)
    age(parts(order)[0], auto_approve_at=timedelta(minutes=1))
    assert tasks.approve_unanswered_milestones() == 1
    assert statuses(order) == ["in_progress", "approved", "submitted"]
    [event] = announced("MilestoneApproved")
    assert event["by_clock"] is True
    assert history(parts(order)[0]).get(action="approve").actor_role == "system"
    assert tasks.approve_unanswered_milestones() == 0
    age(parts(order)[1], auto_approve_at=timedelta(minutes=1))
    assert tasks.approve_unanswered_milestones() == 1
    assert statuses(order) == ["completed", "approved", "approved"]


def test_the_turn_passes_on_when_every_earlier_milestone_has_ended() -> None:
    order = make_milestone_order(100_000, 150_000, 50_000)
    pay_milestones(order, 0)
    submit(order, 0)
    assert [part.turn_at is not None for part in parts(order)] == [True, False, False]
    approve(order, 0)
    assert [part.turn_at is not None for part in parts(order)] == [True, True, False]


def test_an_unpaid_milestone_is_dropped_two_weeks_after_its_turn() -> None:
    order = make_milestone_order(100_000, 150_000, 50_000)
    pay_milestones(order, 0)
    submit(order, 0)
    approve(order, 0)
    age(parts(order)[1], turn_at=timedelta(days=13, hours=23))
    assert tasks.drop_unpaid_milestones() == 0
    age(parts(order)[1], turn_at=timedelta(days=14))
    assert tasks.drop_unpaid_milestones() == 1
    assert statuses(order) == ["in_progress", "approved", "dropped", "pending"]
    assert Escrow.objects.get(reference=parts(order)[1].pk).status == "abandoned"
    assert [event["milestone_title"] for event in announced("MilestoneDropped")] == ["Part 2"]
    with nothing_changes(), pytest.raises(OrderNotAwaitingPayment):
        services.prepare_payment(order=order, client=order.client, milestone=parts(order)[1])
    assert tasks.drop_unpaid_milestones() == 0
    age(parts(order)[2], turn_at=timedelta(days=14))
    assert tasks.drop_unpaid_milestones() == 1
    assert statuses(order) == ["completed", "approved", "dropped", "dropped"]
    money = money_of([order])[order.pk]
    assert (money.escrow_state, money.platform_fee, money.refunded_amount) == ("released", 10_000, 0)
    assert money.doer_payout == balance("wallet", order.doer_id) == 88_200


def test_money_for_a_dropped_milestone_goes_back_by_itself() -> None:
    order = make_milestone_order(100_000, 150_000)
    pay_milestones(order, 0)
    late = services.prepare_payment(order=order, client=order.client, milestone=parts(order)[1])
    Payment.objects.filter(pk=late.pk).update(gateway_order_id="order_late")
    late.refresh_from_db()
    submit(order, 0)
    approve(order, 0)
    age(parts(order)[1], turn_at=timedelta(days=14))
    tasks.drop_unpaid_milestones()
    assert statuses(order) == ["completed", "approved", "dropped"]
    services.confirm_payment(payment=late, sighting=captured(late), client=order.client)
    assert statuses(order) == ["completed", "approved", "dropped"]
    assert [(refund.amount, refund.reason) for refund in late.refunds.all()] == [(150_000, "late")]
    assert balance("refund_pending", late.pk) == 150_000


def test_money_that_came_just_before_the_clock_begins_the_milestone() -> None:
    order = make_milestone_order(100_000, 150_000)
    pay_milestones(order, 1)
    payment = services.prepare_payment(order=order, client=order.client, milestone=parts(order)[0])
    Payment.objects.filter(pk=payment.pk).update(gateway_order_id="order_just")
    payment.refresh_from_db()
    record_sighting(payment_id=payment.pk, sighting=captured(payment))
    age(parts(order)[0], turn_at=timedelta(days=20))
    assert tasks.drop_unpaid_milestones() == 1
    assert statuses(order) == ["in_progress", "funded", "funded"]
    assert not announced("MilestoneDropped")


@pytest.mark.parametrize("by_clock", [False, True])
def test_an_unpaid_order_ends_with_all_its_milestones(by_clock: bool) -> None:
    order = make_milestone_order(100_000, 150_000)
    if by_clock:
        Order.objects.filter(pk=order.pk).update(unpaid_due_at=now())
        assert tasks.expire_unpaid_orders() == 1
    else:
        services.cancel_order(order=order, actor=order.doer, reason="other")
    assert statuses(order) == ["cancelled", "dropped", "dropped"]
    assert set(Escrow.objects.values_list("status", flat=True)) == {"abandoned"}
    order.gig.refresh_from_db()
    assert order.gig.status == GigStatus.OPEN
    money = money_of([order])[order.pk]
    assert (money.escrow_state, money.doer_payout) == ("awaiting_payment", 0)
    assert not announced("MilestoneDropped")


def test_an_order_that_waits_is_begun_by_the_clock_when_a_milestone_was_just_paid() -> None:
    order = make_milestone_order(100_000, 150_000)
    payment = services.prepare_payment(order=order, client=order.client, milestone=parts(order)[1])
    Payment.objects.filter(pk=payment.pk).update(gateway_order_id="order_just")
    payment.refresh_from_db()
    record_sighting(payment_id=payment.pk, sighting=captured(payment))
    Order.objects.filter(pk=order.pk).update(unpaid_due_at=now())
    assert tasks.expire_unpaid_orders() == 1
    assert statuses(order) == ["in_progress", "pending", "funded"]


def test_the_timeline_tells_of_the_milestones_too() -> None:
    order = make_milestone_order(100_000, 150_000)
    pay_milestones(order, 0)
    submit(order, 0)
    approve(order, 0)
    steps = [(step.subject_type, step.action) for step in list_changes_of(order)]
    assert steps == [
        ("order", "place"),
        ("milestone", "place"),
        ("milestone", "place"),
        ("milestone", "fund"),
        ("order", "pay"),
        ("milestone", "submit"),
        ("milestone", "approve"),
    ]


def test_the_gateways_word_alone_funds_a_milestone() -> None:
    order = make_milestone_order(100_000, 150_000)
    payment = services.prepare_payment(order=order, client=order.client, milestone=parts(order)[0])
    Payment.objects.filter(pk=payment.pk).update(gateway_order_id="order_word")
    payment.refresh_from_db()
    record_sighting(payment_id=payment.pk, sighting=captured(payment))
    deliver_due()
    assert statuses(order) == ["in_progress", "funded", "pending"]


def test_paid_work_that_never_comes_is_asked_for_and_then_refunded() -> None:
    order = make_milestone_order(100_000, 150_001, funded=True)
    submit(order, 0)
    approve(order, 0)
    part = parts(order)[1]
    age(part, due_at=timedelta(days=14), funded_at=timedelta(days=13, hours=23))
    assert (tasks.ask_about_overdue_milestones(), tasks.refund_overdue_milestones()) == (0, 0)
    age(part, funded_at=timedelta(days=14))
    assert (tasks.ask_about_overdue_milestones(), tasks.ask_about_overdue_milestones()) == (1, 0)
    assert [event["milestone_title"] for event in announced("MilestoneOverdue")] == ["Part 2"]
    age(part, asked_at=timedelta(days=2, hours=23))
    assert tasks.refund_overdue_milestones() == 0
    age(part, asked_at=timedelta(days=3))
    assert (tasks.refund_overdue_milestones(), tasks.refund_overdue_milestones()) == (1, 0)
    assert statuses(order) == ["completed", "approved", "refunded"]
    money = money_of([order])[order.pk]
    assert (money.escrow_state, money.refunded_amount, money.platform_fee) == ("released", 150_001, 10_000)
    assert money.doer_payout == balance("wallet", order.doer_id) == 88_200
    assert [event["refunded"] for event in announced("MilestoneRefunded")] == [150_001]


def test_an_order_of_which_nothing_was_approved_is_cancelled_with_its_last_milestone() -> None:
    order = make_milestone_order(100_000, funded=True)
    age(parts(order)[0], asked_at=timedelta(days=3))
    assert tasks.refund_overdue_milestones() == 1
    assert statuses(order) == ["cancelled", "refunded"]
    order.gig.refresh_from_db()
    assert (order.gig.status, order.cancel_reason) == (GigStatus.CANCELLED, "other")
    assert money_of([order])[order.pk].escrow_state == "refunded"
    assert announced("OrderCancelled")[0]["cancelled_by"] == "system"


def test_work_that_came_after_the_question_is_not_refunded() -> None:
    order = make_milestone_order(100_000, funded=True)
    age(parts(order)[0], asked_at=timedelta(days=4))
    submit(order, 0)
    send_back(order, 0)
    assert tasks.refund_overdue_milestones() == 0
    assert statuses(order) == ["in_progress", "funded"]


# Held amounts, the doer's part in basis points; then what the doer gets of each before fees.
SHARED = [
    ((100_001, 33_333), 2_500, (25_000, 8_333)),
    ((100_001, 33_333), 1_000, (10_000, 3_333)),
    ((1_001, 1_003), 0, (0, 0)),
    ((1_001, 1_003), 9_950, (1_001, 1_003)),  # a rest under ₹1 stays with the doer
]


@pytest.mark.parametrize(("amounts", "doer_bp", "gross"), SHARED)
def test_what_is_held_can_be_shared_over_all_milestones(
    amounts: tuple[int, ...], doer_bp: int, gross: tuple[int, ...]
) -> None:
    order = make_milestone_order(*amounts, 50_000)
    pay_milestones(order, 0, 1)
    with transaction.atomic():
        settled = refund_milestones(
            lock(order), doer_bp=doer_bp, decision="cancelled", by=order.client, role="client", reason="other"
        )
    assert statuses(order) == ["in_progress", "refunded", "refunded", "pending"]
    assert tuple(part.payee_gross for part in settled.values()) == gross
    assert sum(part.refunded for part in settled.values()) == sum(amounts) - sum(gross)
    money = money_of([order])[order.pk]
    assert money.refunded_amount == sum(amounts) - sum(gross)
    fees = balance("platform_fee") + balance("gst_payable")
    assert balance("wallet", order.doer_id) + fees + money.refunded_amount == sum(amounts)
