"""Work is started, handed in and sent back."""

from datetime import timedelta
from typing import Any

import pytest

from khidma.kernel.clock import now
from orders import services
from orders.errors import (
    OrderAlreadyStarted,
    OrderNotInProgress,
    OrderNotOnSite,
    OrderNotStarted,
    OrderNotSubmitted,
    RevisionLimitReached,
    StartCodeLocked,
    StartCodeWrong,
)
from orders.models import Order
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_funded_order, make_order, make_submitted_order

pytestmark = pytest.mark.django_db

ON_SITE: dict[str, Any] = {"kind": "on_site", "category": "cleaning"}


def wrong_code(order: Order) -> str:
    return f"{(int(order.start_code) + 1) % 10_000:04d}"


def test_submitted_work_starts_the_approval_clock() -> None:
    order = make_funded_order()
    order = services.submit_work(order=order, doer=order.doer, message="Done.", links=["https://example.in/logo"])
    assert order.status == "submitted"
    assert order.auto_approve_at is not None
    assert order.auto_approve_at - now() == pytest.approx(timedelta(days=3), abs=timedelta(minutes=1))
    [deliverable] = order.deliverables.all()
    assert (deliverable.message, deliverable.links) == ("Done.", ["https://example.in/logo"])
    assert announced("WorkSubmitted")[0]["deliverable_id"] == str(deliverable.pk)


def test_unpaid_work_is_not_taken() -> None:
    order = make_order()
    with nothing_changes(), pytest.raises(OrderNotInProgress):
        services.submit_work(order=order, doer=order.doer, message="Early.")


def test_work_is_submitted_once() -> None:
    order = make_submitted_order()
    with nothing_changes(), pytest.raises(OrderNotInProgress):
        services.submit_work(order=order, doer=order.doer, message="Again.")


def test_a_revision_moves_the_deadline_and_stops_the_clock() -> None:
    order = make_submitted_order()
    due_at = order.due_at
    assert due_at is not None
    order = services.request_revision(order=order, client=order.client, message="Bluer, please.", extra_days=2)
    assert (order.status, order.auto_approve_at) == ("in_progress", None)
    assert order.due_at == due_at + timedelta(days=2)
    assert announced("RevisionRequested")[0]["number"] == 1


def test_there_are_three_revisions() -> None:
    order = make_submitted_order()
    for number in (1, 2, 3):
        order = services.request_revision(order=order, client=order.client, message=f"Change {number}.")
        order = services.submit_work(order=order, doer=order.doer, message=f"Version {number}.")
    with nothing_changes(), pytest.raises(RevisionLimitReached) as refusal:
        services.request_revision(order=order, client=order.client, message="Change 4.")
    assert refusal.value.details == {"limit": 3}


def test_nothing_submitted_cannot_be_sent_back() -> None:
    order = make_funded_order()
    with nothing_changes(), pytest.raises(OrderNotSubmitted):
        services.request_revision(order=order, client=order.client, message="Hm.")


def test_on_site_the_clients_code_starts_the_work() -> None:
    order = make_funded_order(**ON_SITE)
    with nothing_changes(), pytest.raises(OrderNotStarted):
        services.submit_work(order=order, doer=order.doer, message="Too early.")
    order = services.start_work(order=order, doer=order.doer, code=order.start_code)
    assert order.started_at is not None
    assert order.status == "in_progress"
    assert len(announced("OrderStarted")) == 1
    with nothing_changes(), pytest.raises(OrderAlreadyStarted):
        services.start_work(order=order, doer=order.doer, code=order.start_code)
    assert services.submit_work(order=order, doer=order.doer, message="Clean.").status == "submitted"


def test_five_wrong_codes_lock_it_for_the_right_one_too() -> None:
    order = make_funded_order(**ON_SITE)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(StartCodeWrong) as refusal:
            services.start_work(order=order, doer=order.doer, code=wrong_code(order))
        assert refusal.value.details == {"triesLeft": left}
    with nothing_changes(), pytest.raises(StartCodeLocked) as locked:
        services.start_work(order=order, doer=order.doer, code=order.start_code)
    assert 14 * 60 < (locked.value.retry_after or 0) <= 15 * 60 + 1
    order.refresh_from_db()
    assert order.started_at is None


def test_remote_work_needs_no_code() -> None:
    order = make_funded_order()
    with nothing_changes(), pytest.raises(OrderNotOnSite):
        services.start_work(order=order, doer=order.doer, code="0000")


def test_the_address_is_revealed_to_the_doer_once_paid() -> None:
    order = make_order(**ON_SITE)
    assert not order.gig.shows_address_to(order.doer)
    paid = make_funded_order(**ON_SITE)
    paid.gig.refresh_from_db()
    assert paid.gig.shows_address_to(paid.doer)
