"""Orders whose money somebody sent back at the gateway without us: what nothing is held for any more ends."""

from uuid import UUID

import pytest
from django.db import transaction

from khidma.kernel.models import OutboxDelivery
from khidma.kernel.outbox import deliver_due
from orders import services
from orders.models import Order
from orders.tests.evidence import announced
from orders.tests.factories import (
    make_funded_order,
    make_milestone_order,
    make_order,
    make_submitted_order,
    pay_milestones,
)
from payments import services as payments
from payments.providers.gateway import RefundSighting
from payments.selectors import check_ledger, escrow_of
from payments.tests.factories import balance, captured, make_payment

pytestmark = pytest.mark.django_db


def send_back(order: Order, amount: int) -> Order:
    """Somebody presses refund in the gateway's dashboard, and everybody hears of it, twice."""
    escrow = escrow_of(order.pk)
    assert escrow.funded_by
    sighting = RefundSighting(
        f"rfnd_{escrow.pk.hex[-14:]}", escrow.funded_by.gateway_payment_id, "", amount, "processed"
    )
    for _ in range(2):
        payments.record_foreign_refund(sighting=sighting)
        deliver_due()
    order.refresh_from_db()
    return order


@pytest.mark.parametrize("make", [make_funded_order, make_submitted_order])
def test_an_order_whose_money_is_all_gone_ends(make: object) -> None:
    order = send_back(make(amount=100_000), 100_000)  # type: ignore[operator]
    assert order.status == "cancelled"
    assert len(announced("OrderCancelled")) == 1
    assert (balance("escrow", escrow_of(order.pk).pk), balance("wallet", order.doer_id)) == (0, 0)
    assert check_ledger().is_sound


def test_an_order_with_some_money_left_goes_on() -> None:
    order = send_back(make_funded_order(amount=100_000), 40_000)
    assert (order.status, escrow_of(order.pk).held) == ("in_progress", 60_000)


def came_and_went(*references: UUID) -> None:
    """The client pays, somebody refunds it at the gateway, and only then do we hear of either."""
    payment = make_payment(*[escrow_of(reference) for reference in references])
    sighting = captured(payment)
    with transaction.atomic():
        payments.record_sighting(payment_id=payment.pk, sighting=sighting)
        payments.record_foreign_refund(
            sighting=RefundSighting("rfnd_00000000000001", sighting.payment_id, "", payment.amount, "processed")
        )
    deliver_due()


def test_an_order_whose_money_came_and_went_before_it_began_ends_and_its_gig_is_open() -> None:
    order = make_order(amount=100_000)
    came_and_went(order.pk)
    order.refresh_from_db()
    order.gig.refresh_from_db()
    assert (order.status, order.gig.status) == ("cancelled", "open")
    assert not OutboxDelivery.objects.exclude(status="done").exists()
    assert check_ledger().is_sound


def test_a_milestone_whose_money_came_and_went_is_dropped_and_the_others_can_still_be_paid() -> None:
    order = make_milestone_order(100_000, 150_000)
    first, second = order.milestones.order_by("position")
    came_and_went(first.pk)
    first.refresh_from_db()
    order.refresh_from_db()
    assert (first.status, order.status) == ("dropped", "pending_payment")
    pay_milestones(order, 1)
    second.refresh_from_db()
    assert (second.status, order.status) == ("funded", "in_progress")
    assert check_ledger().is_sound


def test_an_order_of_whose_milestones_all_came_and_went_ends() -> None:
    order = make_milestone_order(100_000, 150_000)
    came_and_went(*order.milestones.values_list("pk", flat=True))
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert check_ledger().is_sound


def test_who_cancels_before_we_have_told_the_order_is_not_refused() -> None:
    order = make_order(amount=100_000)
    payment = make_payment(escrow_of(order.pk))
    sighting = captured(payment)
    payments.record_sighting(payment_id=payment.pk, sighting=sighting)
    payments.record_foreign_refund(
        sighting=RefundSighting("rfnd_00000000000001", sighting.payment_id, "", payment.amount, "processed")
    )
    assert services.cancel_order(order=order, actor=order.client, reason="changed_mind").status == "cancelled"
    deliver_due()
    assert not OutboxDelivery.objects.exclude(status="done").exists()
