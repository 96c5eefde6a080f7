"""Connections of the database are not held while the gateway is slow."""

import time
from collections.abc import Iterator
from functools import partial
from threading import BoundedSemaphore
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction

from khidma.kernel.network import give_connections_back
from khidma.tests.races import at_once
from payments import services
from payments.models import Payment
from payments.providers.razorpay.adapter import RazorpayGateway
from payments.services import attempts
from payments.tests.factories import make_escrow
from payments.tests.test_gateway import open_order, pay, verify
from sandbox.testing import StandIn


@pytest.fixture
def pool_of_one(committed_db: None) -> Iterator[None]:
    """A pool whose only connection this thread holds."""
    connection.close()
    pool = {"min_size": 1, "max_size": 1, "timeout": 0.5}
    with mock.patch.dict(connection.settings_dict["OPTIONS"], pool=pool):
        try:
            yield
        finally:
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]  # it is PostgreSQL's own


def test_others_get_the_connection_while_a_checkout_is_looked_at(pool_of_one: None, gateway: StandIn) -> None:
    payment = open_order(make_escrow())
    answer = pay(gateway, payment)
    assert isinstance(at_once(Payment.objects.count)[0], Exception), "this thread should hold the only connection"
    found: list[Any] = []
    ask = RazorpayGateway.fetch_payment

    def slowly(self: RazorpayGateway, *arguments: Any, **options: Any) -> Any:
        found.extend(at_once(Payment.objects.count))
        return ask(self, *arguments, **options)

    with mock.patch.object(RazorpayGateway, "fetch_payment", slowly):
        assert verify(payment, answer).status == "captured"
    assert found == [1]


def test_few_callers_hold_a_connection_while_the_gateway_hangs_and_the_others_are_sent_away(
    committed_db: None, gateway: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "_seats", BoundedSemaphore(2))
    monkeypatch.setattr(attempts, "SEAT_SECONDS", 0.3)
    inside, most = 0, 0
    create = RazorpayGateway.create_order

    def slowly(self: RazorpayGateway, *arguments: Any, **options: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(1.5)
        inside -= 1
        return create(self, *arguments, **options)

    escrows = [make_escrow() for _ in range(6)]
    payments = [services.start_payment(payer=one.payer, references=[one.reference], purpose="order") for one in escrows]
    with mock.patch.object(RazorpayGateway, "create_order", slowly):
        answers = at_once(*[partial(services.open_gateway_order, payment_id=payment.pk) for payment in payments])
    assert most == 2
    assert sorted(type(answer).__name__ for answer in answers) == ["GatewayUnavailable"] * 4 + ["Payment"] * 2
    assert all(services.open_gateway_order(payment_id=payment.pk).gateway_order_id for payment in payments)


def test_inside_a_transaction_the_connection_stays(committed_db: None) -> None:
    with transaction.atomic():
        make_escrow()
        before = connection.connection
        give_connections_back()
        assert connection.connection is before
