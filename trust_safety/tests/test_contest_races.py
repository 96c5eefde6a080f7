"""Contests by many callers at the same moment: raised once, decided once, paid once."""

from datetime import timedelta
from functools import partial

import pytest

from accounts.tests.factories import make_operator
from khidma.kernel.clock import now
from khidma.tests.races import at_once
from orders.models import Cancellation
from orders.services import settle_cancellation
from orders.tests.evidence import announced
from orders.tests.test_cancelling_races import assert_nothing_was_lost, blamed_order, total
from orders.tests.test_races import CALLERS, answers, callers, posts
from payments.models import Transfer
from trust_safety.models import Contest
from trust_safety.services import contest_cancellation

pytestmark = pytest.mark.usefixtures("committed_db")

BODY = {"reason": "I was there."}


def test_a_cancellation_is_contested_once() -> None:
    order = blamed_order()
    found = answers(posts(callers(order.doer), f"/api/orders/{order.pk}/cancellation/contest", BODY))
    assert found == {(201, ""): 1, (409, "cancellation_not_contestable"): CALLERS - 1}
    assert Contest.objects.count() == len(announced("CancellationContested")) == 1
    assert_nothing_was_lost(order)


def test_a_contest_is_decided_and_paid_once() -> None:
    order = blamed_order()
    contest_cancellation(order=order, party=order.doer, reason="I was there.")
    path = f"/api/admin/cancellations/{order.cancellation.pk}/resolve"
    phones = [*callers(make_operator("trust"), 10), *callers(make_operator("trust"), 10)]
    bodies = [{"fault": fault, "reason": "Seen."} for fault in ("client", "doer")] * 10
    calls = [partial(phone.post, path, body) for phone, body in zip(phones, bodies, strict=True)]
    assert answers(calls) == {(200, ""): 1, (409, "contest_already_decided"): CALLERS - 1}
    assert Transfer.objects.filter(kind="settle").count() == len(announced("CancellationJudged")) == 1
    assert total("escrow") == 0
    assert_nothing_was_lost(order)


def test_what_is_contested_is_not_settled_and_what_is_settled_not_contested() -> None:
    order = blamed_order()
    Cancellation.objects.filter(order=order).update(due_at=now() - timedelta(minutes=1))
    contesting = posts(callers(order.doer, 10), f"/api/orders/{order.pk}/cancellation/contest", BODY)
    results = at_once(*contesting, *[partial(settle_cancellation, order_id=order.pk)] * 10)
    assert not [result for result in results if isinstance(result, Exception)]
    cancellation = Cancellation.objects.get(order=order)
    settled = results[10:].count(True)
    assert (cancellation.settled_at is not None) == bool(settled)
    assert total("escrow") == (0 if settled else 75_000)
    assert settled <= 1
    assert_nothing_was_lost(order)
