"""Operators read orders in the admin, and write none."""

import pytest
from django.test import Client

from accounts.models import User
from khidma.kernel.models import StateChange
from orders import services
from orders.tests.evidence import nothing_changes
from orders.tests.factories import make_funded_order, make_milestone_order, make_submitted_order

pytestmark = pytest.mark.django_db

CANCELLING = ["cancellation", "cancellationquote", "cancellationpolicy", "silencequestion"]


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@khidma.test", "a long password for tests"))
    return client


@pytest.mark.parametrize("page", ["order", "milestone", "deliverable", "revisionrequest", *CANCELLING])
def test_every_list_opens_searches_and_filters(browser: Client, page: str) -> None:
    make_submitted_order()
    cancelled = make_funded_order()
    services.quote_cancellation(order=cancelled, actor=cancelled.client)
    services.cancel_order(order=cancelled, actor=cancelled.client, reason="other")
    order = make_milestone_order(funded=True)
    assert browser.get(f"/admin/orders/order/{order.pk}/change/").status_code == 200
    for query in ("", "?q=logo"):
        assert browser.get(f"/admin/orders/{page}/{query}").status_code == 200
    assert browser.get(f"/admin/orders/{page}/add/").status_code == 403


def test_an_order_is_shown_without_its_code_and_cannot_be_written(browser: Client) -> None:
    order = make_funded_order(kind="on_site", category="cleaning")
    type(order).objects.filter(pk=order.pk).update(start_code="9876")
    address = f"/admin/orders/order/{order.pk}/change/"
    shown = browser.get(address)
    assert shown.status_code == 200
    assert b"9876" not in shown.content
    with nothing_changes():
        assert browser.post(address, {"status": "completed", "amount": "1"}).status_code == 403
    assert StateChange.objects.filter(subject_id=order.pk, action="release").count() == 0
