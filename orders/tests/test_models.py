"""What the database itself forbids about orders, whoever asks."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from gigs.tests.factories import make_application, make_gig
from khidma.kernel.ids import new_id
from khidma.kernel.states import StatusAssigned
from orders.models import Order
from orders.tests.factories import make_completed_order, make_funded_order, make_order

pytestmark = pytest.mark.django_db


def copy_of(order: Order, **over: Any) -> Order:
    """Another order like this one, as a careless service might store it."""
    fields = {field.attname: getattr(order, field.attname) for field in Order._meta.concrete_fields}
    return Order(**{**fields, "id": new_id(), "conversation_id": new_id(), **over})


@pytest.mark.parametrize("make", [make_order, make_funded_order, make_completed_order])
def test_a_gig_has_one_order_that_is_not_cancelled(make: Any) -> None:
    order, other = make(), make_application()
    with pytest.raises(IntegrityError, match="orders_one_live_order_per_gig"), transaction.atomic():
        copy_of(order, application_id=other.pk).save(force_insert=True)
    assert Order.objects.filter(gig=order.gig).count() == 1


def test_an_application_becomes_one_order() -> None:
    order = make_order()
    with pytest.raises(IntegrityError, match="application_id"), transaction.atomic():
        copy_of(order, gig_id=make_gig().pk).save(force_insert=True)


REFUSED = {
    "orders_amount_in_range": "amount = 999",
    "orders_commission_is_a_share": "commission_bp = 10001",
    "orders_parties_differ": "doer_id = client_id",
    "orders_hourly_has_a_rate": "budget_type = 'hourly'",
    "orders_status_is_known": "status = 'lost', funded_at = khidma_now()",
    "orders_work_is_funded": "status = 'in_progress'",
    "orders_submitted_has_a_clock": "status = 'submitted', funded_at = khidma_now()",
    "orders_completed_has_a_moment": "status = 'completed', funded_at = khidma_now()",
    "orders_cancelled_has_a_reason": "status = 'cancelled', cancelled_at = khidma_now()",
}


@pytest.mark.parametrize(("constraint", "change"), REFUSED.items())
def test_a_row_that_contradicts_itself_is_refused(constraint: str, change: str) -> None:
    order = make_order()
    before = Order.objects.values().get(pk=order.pk)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE orders_order SET {change} WHERE id = %s", [order.pk])  # noqa: S608
    assert Order.objects.values().get(pk=order.pk) == before


def test_a_status_is_not_assigned() -> None:
    order = make_order()
    with pytest.raises(StatusAssigned):
        order.status = "completed"


def test_the_sides_of_an_order() -> None:
    order = make_order()
    stranger = User(phone="+919811111111")
    assert [order.side_of(user) for user in (order.client, order.doer, stranger)] == ["client", "doer", None]
