"""Orders whose money somebody sent back at the gateway without us: what nothing is held for any more ends."""

import pytest

from khidma.kernel.outbox import deliver_due
from orders.models import Order
from orders.tests.evidence import announced
from orders.tests.factories import make_funded_order, make_submitted_order
from payments import services as payments
from payments.providers.gateway import RefundSighting
from payments.selectors import check_ledger, escrow_of
from payments.tests.factories import balance

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
