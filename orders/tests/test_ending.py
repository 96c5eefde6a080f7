"""Orders that end without having been paid."""

from datetime import timedelta

import pytest

from gigs.services import revive_application
from gigs.states import ApplicationStatus, GigStatus
from gigs.tests.factories import make_application
from khidma.kernel.clock import now
from khidma.kernel.states import history
from orders import services, tasks
from orders.errors import OrderNotAwaitingPayment, OrderNotInProgress, WorkAlreadySubmitted
from orders.models import Order
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_completed_order, make_funded_order, make_order, make_submitted_order
from payments.models import Escrow
from payments.states import EscrowStatus
from payments.tests.factories import balance, fund

pytestmark = pytest.mark.django_db


def leave_unpaid(order: Order, *, for_hours: int) -> None:
    """Let the client not pay for so long."""
    Order.objects.filter(pk=order.pk).update(unpaid_due_at=now() + timedelta(hours=24 - for_hours))


@pytest.mark.parametrize("side", ["client", "doer"])
def test_either_side_may_cancel_before_payment(side: str) -> None:
    order = make_order()
    order = services.cancel_order(order=order, actor=getattr(order, side), reason="changed_mind", comment="Sorry.")
    assert (order.status, order.cancel_reason) == ("cancelled", "changed_mind")
    assert Escrow.objects.get(reference=order.pk).status == EscrowStatus.ABANDONED
    order.gig.refresh_from_db()
    order.application.refresh_from_db()
    assert (order.gig.status, order.application.status) == (GigStatus.OPEN, ApplicationStatus.LAPSED)
    last = history(order).last()
    assert last is not None
    assert (last.actor_role, last.reason) == (side, "Sorry.")
    assert announced("OrderCancelled")[0]["cancelled_by"] == side


def test_after_a_cancelled_order_the_gig_can_be_given_to_somebody_else() -> None:
    order = make_order()
    other = make_application(gig=order.gig) if order.gig.status == GigStatus.OPEN else None
    services.cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    order.gig.refresh_from_db()
    other = other or make_application(gig=order.gig)
    second = services.accept_application(application=other, client=order.client)
    assert second.status == "pending_payment"
    assert Order.objects.filter(gig=order.gig).count() == 2


def test_a_rejected_application_may_be_revived_when_the_order_died() -> None:
    order = make_order()
    services.cancel_order(order=order, actor=order.client, reason="other")
    order.gig.refresh_from_db()
    rejected = make_application(gig=order.gig)
    second = services.accept_application(application=make_application(gig=order.gig), client=order.client)
    rejected.refresh_from_db()
    assert rejected.status == ApplicationStatus.REJECTED
    services.cancel_order(order=second, actor=order.client, reason="other")
    assert revive_application(application=rejected, doer=rejected.doer).status == ApplicationStatus.PENDING


def test_an_order_whose_money_has_just_come_is_cancelled_under_the_policy() -> None:
    order = make_order()
    payment = fund(order.pk)
    order = services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    assert (order.status, order.is_paid_for) == ("cancelled", True)
    assert Escrow.objects.get(reference=order.pk).status == EscrowStatus.DECIDED
    assert balance("refund_pending", payment.pk) == order.amount
    assert [change.action for change in history(order)] == ["place", "pay", "cancel"]


def test_submitted_work_cannot_be_cancelled_away() -> None:
    order = make_submitted_order()
    with nothing_changes(), pytest.raises(WorkAlreadySubmitted):
        services.cancel_order(order=order, actor=order.client, reason="other")
    order = services.request_revision(order=order, client=order.client, message="Again.")
    with nothing_changes(), pytest.raises(WorkAlreadySubmitted):
        services.cancel_order(order=order, actor=order.client, reason="other")


def test_an_order_ends_once() -> None:
    unpaid, paid, completed = make_order(), make_funded_order(), make_completed_order()
    for order in (unpaid, paid):
        services.cancel_order(order=order, actor=order.doer, reason="emergency")
    refusals = [(unpaid, OrderNotAwaitingPayment), (paid, OrderNotInProgress), (completed, WorkAlreadySubmitted)]
    for order, refusal in refusals:
        with nothing_changes(), pytest.raises(refusal):
            services.cancel_order(order=order, actor=order.client, reason="other")


def test_the_clock_ends_what_was_not_paid_for_a_day() -> None:
    late, fresh = make_order(), make_order()
    leave_unpaid(late, for_hours=24)
    leave_unpaid(fresh, for_hours=23)
    assert tasks.expire_unpaid_orders() == 1
    late.refresh_from_db()
    fresh.refresh_from_db()
    assert (late.status, late.cancel_reason, fresh.status) == ("cancelled", "unpaid", "pending_payment")
    late.gig.refresh_from_db()
    assert late.gig.status == GigStatus.OPEN
    assert announced("OrderCancelled")[0]["cancelled_by"] == "system"
    assert tasks.expire_unpaid_orders() == 0


def test_an_order_whose_money_came_at_the_last_moment_begins_instead() -> None:
    order = make_order()
    fund(order.pk)
    leave_unpaid(order, for_hours=25)
    assert tasks.expire_unpaid_orders() == 1
    order.refresh_from_db()
    assert order.status == "in_progress"
    assert not announced("OrderCancelled")
    assert len(announced("OrderFunded")) == 1
