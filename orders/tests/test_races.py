"""Twenty callers at the same moment: one winner, no accident, exact books."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import bearer
from gigs.models import Application
from gigs.tests.factories import make_application, make_gig
from khidma.tests.client import Answer, JsonClient
from khidma.tests.races import at_once
from orders.models import Order
from orders.tests.evidence import announced
from orders.tests.factories import make_submitted_order
from payments.models import Escrow

pytestmark = pytest.mark.usefixtures("committed_db", "gateway")

CALLERS = 20


def callers(user: User, count: int = CALLERS) -> list[JsonClient]:
    """So many phones of one user."""
    token = bearer(user)
    return [JsonClient(token=token) for _ in range(count)]


def answers(calls: Sequence[Callable[[], Answer]]) -> Counter[tuple[int, str]]:
    """How often each status and code was answered; an exception fails the test as it stands."""
    found: Counter[tuple[int, str]] = Counter()
    for answer in at_once(*calls):
        assert not isinstance(answer, Exception), repr(answer)
        found[answer.status_code, answer.json().get("error", {}).get("code", "")] += 1
    return found


def posts(clients: Sequence[JsonClient], path: str, body: Any = None) -> list[Callable[[], Answer]]:
    return [partial(client.post, path, body) for client in clients]


def test_one_application_is_accepted_once() -> None:
    application = make_application()
    found = answers(posts(callers(application.gig.client), f"/api/applications/{application.pk}/accept"))
    assert found == {(201, ""): 1, (409, "application_already_decided"): CALLERS - 1}
    assert Order.objects.count() == Escrow.objects.count() == Payment.objects.count() == 1
    assert len(announced("OrderPlaced")) == 1


def test_one_gig_is_given_to_one_applicant() -> None:
    gig = make_gig()
    applications = [make_application(gig=gig) for _ in range(2)]
    phones = callers(gig.client)
    calls = [
        partial(phone.post, f"/api/applications/{applications[number % 2].pk}/accept")
        for number, phone in enumerate(phones)
    ]
    found = answers(calls)
    assert found == {(201, ""): 1, (409, "application_already_decided"): CALLERS - 1}
    assert Order.objects.count() == Escrow.objects.count() == 1
    statuses = sorted(Application.objects.filter(gig=gig).values_list("status", flat=True))
    assert statuses == ["accepted", "rejected"]


def test_work_is_approved_and_paid_once() -> None:
    order = make_submitted_order()
    found = answers(posts(callers(order.client), f"/api/orders/{order.pk}/approve"))
    assert found == {(200, ""): 1, (409, "order_not_submitted"): CALLERS - 1}
    order.refresh_from_db()
    order.doer.refresh_from_db()
    assert order.status == "completed"
    assert order.doer.completed_gigs == 1
    assert len(announced("OrderCompleted")) == 1
    assert_books_are_exact()
