"""Approval, by the client and by the clock, pays the doer."""

from datetime import timedelta

import pytest

from gigs.states import GigStatus
from khidma.kernel.clock import now
from khidma.kernel.states import history
from orders import services, tasks
from orders.errors import OrderNotSubmitted
from orders.models import Order
from orders.selectors import money_of
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_completed_order, make_funded_order, make_order, make_submitted_order

pytestmark = pytest.mark.django_db


def unanswered(order: Order, *, for_days: int) -> None:
    """Let the client be silent for so long."""
    Order.objects.filter(pk=order.pk).update(auto_approve_at=now() + timedelta(days=3 - for_days))


def test_approval_completes_the_order_and_pays_the_doer() -> None:
    order = make_submitted_order(amount=300_000)
    completed_before = order.doer.completed_gigs
    order = services.approve_work(order=order, client=order.client)
    assert order.status == "completed"
    assert order.completed_at is not None
    assert order.auto_approve_at is None
    money = money_of([order])[order.pk]
    assert money.escrow_state == "released"
    assert (money.platform_fee, money.gst) == (30_000, 5_400)
    assert money.doer_payout == 300_000 - 30_000 - 5_400 - money.tds
    order.gig.refresh_from_db()
    order.doer.refresh_from_db()
    assert order.gig.status == GigStatus.COMPLETED
    assert order.doer.completed_gigs == completed_before + 1


def test_both_steps_stand_in_the_timeline_and_are_announced() -> None:
    order = make_completed_order()
    assert [change.action for change in history(order)] == ["place", "pay", "submit", "approve", "release"]
    assert announced("OrderApproved")[0]["by_clock"] is False
    [completed] = announced("OrderCompleted")
    assert (completed["status"], completed["escrow_state"]) == ("completed", "released")
    assert completed["doer_payout"] == money_of([order])[order.pk].doer_payout


@pytest.mark.parametrize("make", [make_order, make_funded_order, make_completed_order])
def test_only_submitted_work_is_approved(make: type[Order]) -> None:
    order = make()
    with nothing_changes(), pytest.raises(OrderNotSubmitted):
        services.approve_work(order=order, client=order.client)


def test_the_clock_approves_what_nobody_answered_for_three_days() -> None:
    silent, fresh = make_submitted_order(), make_submitted_order()
    unanswered(silent, for_days=3)
    unanswered(fresh, for_days=2)
    assert tasks.approve_unanswered_work() == 1
    silent.refresh_from_db()
    fresh.refresh_from_db()
    assert (silent.status, fresh.status) == ("completed", "submitted")
    assert announced("OrderApproved")[0]["by_clock"] is True
    assert history(silent).get(action="approve").actor_role == "system"
    assert tasks.approve_unanswered_work() == 0


def test_the_clock_leaves_alone_what_was_sent_back() -> None:
    order = make_submitted_order()
    unanswered(order, for_days=4)
    order = services.request_revision(order=order, client=order.client, message="Not yet.")
    with nothing_changes():
        assert tasks.approve_unanswered_work() == 0
        assert services.approve_by_clock(order_id=order.pk) is False


def test_an_order_that_cannot_be_approved_holds_up_no_other() -> None:
    stuck, due = make_submitted_order(), make_submitted_order()
    unanswered(stuck, for_days=5)
    unanswered(due, for_days=4)
    from gigs.services import complete_gig

    complete_gig(gig_id=stuck.gig_id)
    assert tasks.approve_unanswered_work() == 1
    stuck.refresh_from_db()
    due.refresh_from_db()
    assert (stuck.status, due.status) == ("submitted", "completed")
