"""Tests of the documents of an order: who gets which, and when there are any."""

from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_client, make_operator
from orders import services
from orders.tests.factories import make_completed_order, make_milestone_order, make_submitted_order
from payments.models import Invoice

pytestmark = pytest.mark.django_db


def test_who_gets_a_document(api: Any) -> None:
    order = make_completed_order()
    path = f"/api/orders/{order.pk}/invoice"
    people: list[tuple[User | None, int]] = [
        (None, 401),
        (make_client(), 404),
        (make_operator("finance"), 404),
        (order.client, 200),
        (order.doer, 200),
    ]
    bodies = []
    for person, status in people:
        answer = api(person).get(path)
        assert answer.status_code == status
        if status == 200:
            assert answer.headers["Content-Type"] == "application/pdf"
            assert answer.content.startswith(b"%PDF-")
            bodies.append(answer.content)
    assert bodies[0] != bodies[1]
    assert api(order.doer).get(path).content == bodies[1]


def test_before_the_decision_there_is_none(api: Any) -> None:
    order = make_submitted_order()
    for person in (order.client, order.doer):
        answer = api(person).get(f"/api/orders/{order.pk}/invoice")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_each_milestone_has_documents_of_its_own_in_one_file(api: Any) -> None:
    order = make_milestone_order(100_000, 150_000, funded=True)
    services.submit_milestones(order=order, doer=order.doer, message="Here.")
    services.approve_milestones(order=order, client=order.client)
    titles = list(Invoice.objects.filter(recipient=order.doer).order_by("id").values_list("content__title", flat=True))
    assert titles == [f"{order.gig.title}: Part 1", f"{order.gig.title}: Part 2"]
    assert api(order.doer).get(f"/api/orders/{order.pk}/invoice").status_code == 200
