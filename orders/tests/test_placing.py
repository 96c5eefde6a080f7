"""Accepting an application."""

from datetime import timedelta

import pytest

from accounts.tests.factories import make_client
from gigs.errors import ApplicationAlreadyDecided, GigNotOpen
from gigs.services import cancel_gig
from gigs.states import ApplicationStatus, GigStatus
from gigs.tests.factories import make_application, make_gig
from khidma.kernel.clock import now
from khidma.kernel.errors import Refused
from khidma.kernel.runtime import change
from khidma.kernel.states import history
from orders import services
from orders.errors import OrderAmountTooSmall
from orders.models import Order
from orders.states import OrderStatus
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_order
from payments.models import Escrow, Payment
from payments.runtime import PaymentSettings
from payments.states import EscrowStatus, PaymentStatus

pytestmark = pytest.mark.django_db


def test_an_accepted_application_is_an_order_that_waits_for_its_money() -> None:
    client = make_client()
    application = make_application(gig=make_gig(client=client), proposed_amount=300_000, estimated_days=5)
    order = services.accept_application(application=application, client=client)
    assert (order.status, order.amount, order.commission_bp, order.policy_version) == (
        "pending_payment",
        300_000,
        1_000,
        1,
    )
    assert (order.client, order.doer, order.conversation_id) == (client, application.doer, application.conversation_id)
    assert order.unpaid_due_at - now() == pytest.approx(timedelta(hours=24), abs=timedelta(minutes=1))
    escrow = Escrow.objects.get(reference=order.pk)
    assert (escrow.status, escrow.amount, escrow.payer, escrow.payee) == (
        EscrowStatus.AWAITING,
        300_000,
        client,
        order.doer,
    )
    payment = Payment.objects.get(payer=client)
    assert (payment.status, payment.amount, payment.purpose) == (PaymentStatus.CREATED, 300_000, "order")


def test_the_gig_is_taken_and_the_others_are_turned_away() -> None:
    gig = make_gig()
    chosen, other = make_application(gig=gig), make_application(gig=gig)
    services.accept_application(application=chosen, client=gig.client)
    for row in (gig, chosen, other):
        row.refresh_from_db()
    assert gig.status == GigStatus.IN_PROGRESS
    assert (chosen.status, other.status) == (ApplicationStatus.ACCEPTED, ApplicationStatus.REJECTED)


def test_placing_is_announced_and_written_into_the_timeline() -> None:
    order = make_order()
    [event] = announced("OrderPlaced")
    assert event["order_id"] == str(order.pk)
    assert (event["title"], event["amount"]) == (order.gig.title, order.amount)
    assert (event["status"], event["escrow_state"]) == ("pending_payment", "awaiting_payment")
    [change] = history(order)
    assert (change.from_status, change.to_status, change.actor_id) == ("", "pending_payment", order.client_id)


def test_an_order_has_a_smallest_amount() -> None:
    application = make_application(proposed_amount=50_000)
    change(PaymentSettings, {"minimum_order": 50_001})
    with nothing_changes(), pytest.raises(OrderAmountTooSmall):
        services.accept_application(application=application, client=application.gig.client)


@pytest.mark.parametrize(("again", "refusal"), [(True, ApplicationAlreadyDecided), (False, Refused)])
def test_a_second_accept_is_refused(again: bool, refusal: type[Refused]) -> None:
    gig = make_gig()
    first, second = make_application(gig=gig), make_application(gig=gig)
    services.accept_application(application=first, client=gig.client)
    with nothing_changes(), pytest.raises(refusal):
        services.accept_application(application=first if again else second, client=gig.client)
    assert Order.objects.count() == 1


def test_a_cancelled_gig_takes_nobody() -> None:
    application = make_application()
    cancel_gig(gig=application.gig, by=application.gig.client, reason="No longer needed")
    with nothing_changes(), pytest.raises((GigNotOpen, ApplicationAlreadyDecided)):
        services.accept_application(application=application, client=application.gig.client)
    assert not Order.objects.filter(status=OrderStatus.PENDING_PAYMENT).exists()
