"""The client's money arrives: by the client's word, by the gateway's, in any order."""

from typing import Any

import pytest

from khidma.kernel.outbox import deliver_due
from orders import services
from orders.errors import OrderNotAwaitingPayment
from orders.models import Order
from orders.selectors import money_of
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_funded_order, make_order
from payments.errors import AlreadyPaid, AmountMismatch, InvalidSignature
from payments.models import Capture, Payment
from payments.services import open_gateway_order
from payments.tests.factories import fund

pytestmark = pytest.mark.django_db


def payment_of(order: Order) -> Payment:
    return money_of([order])[order.pk].due


def paid_at(gateway: Any, order: Order) -> dict[str, str]:
    """Pay at the gateway as a customer would; what the checkout hands over."""
    payment = open_gateway_order(payment_id=payment_of(order).pk)
    handed: dict[str, str] = gateway.pay(payment.gateway_order_id, webhook=False)
    return handed


def verify(order: Order, handed: dict[str, str], **over: str) -> Payment:
    return services.verify_payment(
        payment=payment_of(order),
        client=order.client,
        gateway_payment_id=over.get("payment_id", handed["razorpay_payment_id"]),
        signature=over.get("signature", handed["razorpay_signature"]),
    )


def test_verified_money_begins_the_work(gateway: Any) -> None:
    order = make_order()
    payment = verify(order, paid_at(gateway, order))
    assert payment.status == "captured"
    order.refresh_from_db()
    assert order.status == "in_progress"
    assert order.funded_at is not None
    money = money_of([order])[order.pk]
    assert money.escrow_state == "funded"
    assert money.gateway_payment_id
    assert len(announced("OrderFunded")) == 1


def test_verifying_again_changes_nothing(gateway: Any) -> None:
    order = make_order()
    handed = paid_at(gateway, order)
    verify(order, handed)
    deliver_due()
    with nothing_changes():
        assert verify(order, handed).status == "captured"


def test_the_gateways_word_after_the_clients_changes_nothing(gateway: Any) -> None:
    order = make_order()
    verify(order, paid_at(gateway, order))
    deliver_due()
    with nothing_changes():
        services.take_up_payment(references=[order.pk])


def test_the_gateways_word_alone_begins_the_work() -> None:
    order = make_order()
    fund(order.pk)
    deliver_due()
    order.refresh_from_db()
    assert order.status == "in_progress"
    assert len(announced("OrderFunded")) == 1


def test_a_forged_signature_is_not_believed(gateway: Any) -> None:
    order = make_order()
    handed = paid_at(gateway, order)
    with nothing_changes(), pytest.raises(InvalidSignature):
        verify(order, handed, signature="0" * 64)


def test_while_the_gateway_is_down_the_payment_stays_as_it_is(gateway: Any) -> None:
    order = make_order()
    handed = paid_at(gateway, order)
    gateway.faults([{"match": f"GET /v1/payments/{handed['razorpay_payment_id']}", "times": 5, "fault": "error_500"}])
    assert verify(order, handed).status == "created"
    order.refresh_from_db()
    assert order.status == "pending_payment"
    gateway.clear_faults()
    assert verify(order, handed).status == "captured"


def test_asking_to_pay_twice_gives_the_same_payment() -> None:
    order = make_order()
    first = services.prepare_payment(order=order, client=order.client)
    with nothing_changes():
        assert services.prepare_payment(order=order, client=order.client) == first


def test_a_paid_order_is_not_paid_again() -> None:
    order = make_funded_order()
    with nothing_changes(), pytest.raises(AlreadyPaid):
        services.prepare_payment(order=order, client=order.client)


def test_a_dead_order_is_not_paid() -> None:
    order = make_order()
    services.cancel_order(order=order, actor=order.client, reason="other")
    with nothing_changes(), pytest.raises(OrderNotAwaitingPayment):
        services.prepare_payment(order=order, client=order.client)


def test_money_for_a_dead_order_goes_back(gateway: Any) -> None:
    order = make_order()
    handed = paid_at(gateway, order)
    services.cancel_order(order=order, actor=order.client, reason="other")
    payment = verify(order, handed)
    assert [refund.amount for refund in payment.refunds.all()] == [order.amount]
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert not announced("OrderFunded")


def test_other_money_than_was_asked_for_is_set_aside(gateway: Any) -> None:
    order = make_order(amount=300_000)
    payment = open_gateway_order(payment_id=payment_of(order).pk)
    handed = gateway.pay(payment.gateway_order_id, webhook=False, amount=299_999)
    with pytest.raises(AmountMismatch):
        verify(order, handed)
    deliver_due()
    order.refresh_from_db()
    assert order.status == "pending_payment"
    assert money_of([order])[order.pk].escrow_state == "awaiting_payment"
    assert Capture.objects.get().use == "suspense"
    assert not announced("OrderFunded")
