"""Connections of the database are not held while the gateway is slow."""

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction

from khidma.kernel.network import give_connections_back
from khidma.tests.races import at_once
from payments.models import Payment
from payments.providers.razorpay.adapter import RazorpayGateway
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


def test_inside_a_transaction_the_connection_stays(committed_db: None) -> None:
    with transaction.atomic():
        make_escrow()
        before = connection.connection
        give_connections_back()
        assert connection.connection is before
