"""Cancelling milestones, settling what was kept, and buying boosts, by many callers at the same moment."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections

from accounts.tests.factories import make_operator
from gigs.tests.factories import make_gig
from khidma.kernel.clock import now
from khidma.kernel.outbox import deliver_due
from khidma.tests.races import at_once
from orders import services
from orders.models import Boost, Cancellation, Order
from orders.tests.evidence import announced
from orders.tests.factories import make_funded_order, make_milestone_order
from orders.tests.test_milestone_races import parts, seen_at
from orders.tests.test_races import CALLERS, answers, assert_books_are_exact, callers, posts, send, webhook
from payments.models import Account, Capture, Payment, Refund, Sale, Transfer
from payments.services import open_gateway_order
from payments.tests.factories import balance

pytestmark = pytest.mark.usefixtures("committed_db", "gateway")

GATE = 4711


def total(kind: str) -> int:
    return sum(Account.objects.filter(kind=kind).values_list("balance", flat=True))


def assert_nothing_was_lost(order: Order) -> None:
    held = total("escrow") + total("refund_pending")
    assert held + balance("wallet", order.doer_id) + balance("platform_fee") + balance("gst_payable") == order.amount
    assert_books_are_exact()


def blamed_order() -> Order:
    """An order of ₹3 000 whose client blamed the doer three hours after the payment: ₹750 are kept."""
    order = make_funded_order(amount=300_000)
    Order.objects.filter(pk=order.pk).update(funded_at=now() - timedelta(hours=3))
    order.refresh_from_db()
    return services.cancel_order(order=order, actor=order.client, reason="doer_unreachable")


def late(order: Order) -> Order:
    """The same when nobody has contested in time."""
    Cancellation.objects.filter(order=order).update(due_at=now() - timedelta(minutes=1))
    return order


# Milestones


def test_a_paid_milestone_order_is_cancelled_once() -> None:
    order = make_milestone_order(100_001, 150_000, 50_000, funded=True)
    order.milestones.update(funded_at=now() - timedelta(hours=3))
    by_both = [phone for pair in zip(callers(order.client, 10), callers(order.doer, 10), strict=True) for phone in pair]
    found = answers(posts(by_both, f"/api/orders/{order.pk}/cancel", {"reason": "changed_mind"}))
    assert found == {(200, ""): 1, (409, "order_not_in_progress"): CALLERS - 1}
    assert Cancellation.objects.count() == len(announced("OrderCancelled")) == 1
    assert Transfer.objects.filter(kind="settle").count() == Refund.objects.count() == 3
    assert total("escrow") == 0
    assert_nothing_was_lost(order)


def test_a_milestone_is_approved_while_the_rest_is_cancelled() -> None:
    order = make_milestone_order(100_001, 150_000, funded=True)
    first = parts(order)[0]
    services.submit_milestones(order=order, doer=order.doer, message="Here.", only=first.pk)
    approving = posts(callers(order.client, 10), f"/api/orders/{order.pk}/milestones/{first.pk}/approve")
    cancelling = posts(callers(order.doer, 10), f"/api/orders/{order.pk}/cancel", {"reason": "other"})
    found = answers([call for pair in zip(approving, cancelling, strict=True) for call in pair])
    assert found[200, ""] == 2
    assert set(found) <= {
        (200, ""),
        (409, "milestone_not_submitted"),
        (409, "order_not_in_progress"),
        (409, "work_already_submitted"),
    }
    order.refresh_from_db()
    assert (order.status, [row.status for row in parts(order)]) == ("completed", ["approved", "refunded"])
    assert len(announced("MilestonesCancelled")) == len(announced("OrderCompleted")) == 1
    assert total("refund_pending") == 150_000
    assert_nothing_was_lost(order)


def test_a_milestone_is_either_handed_in_or_cancelled() -> None:
    order = make_milestone_order(100_000, funded=True)
    submitting = posts(callers(order.doer, 10), f"/api/orders/{order.pk}/submit", {"message": "Done."})
    cancelling = posts(callers(order.client, 10), f"/api/orders/{order.pk}/cancel", {"reason": "changed_mind"})
    found = answers([call for pair in zip(submitting, cancelling, strict=True) for call in pair])
    assert found[200, ""] == 1
    order.refresh_from_db()
    assert (order.status, total("escrow")) in {("in_progress", 100_000), ("cancelled", 0)}
    assert_nothing_was_lost(order)


def test_cancelled_and_paid_at_once_a_milestone_goes_back_once(gateway: Any) -> None:
    order = make_milestone_order(100_000, 150_000)
    handed = []
    for part in parts(order):
        payment = services.prepare_payment(order=order, client=order.client, milestone=part)
        handed.append(gateway.pay(open_gateway_order(payment_id=payment.pk).gateway_order_id, webhook=False))
    assert callers(order.client, 1)[0].post("/api/payments/verify", handed[0]).status_code == 200
    verifying = posts(callers(order.client, 10), "/api/payments/verify", handed[1])
    cancelling = posts(callers(order.doer, 10), f"/api/orders/{order.pk}/cancel", {"reason": "other"})
    found = answers([call for pair in zip(verifying, cancelling, strict=True) for call in pair])
    assert found == {(200, ""): 11, (409, "order_not_in_progress"): 9}
    assert total("refund_pending") == 250_000
    assert Refund.objects.count() == Capture.objects.count() == 2
    assert_nothing_was_lost(order)


def test_an_operator_refunds_all_milestones_once() -> None:
    order = make_milestone_order(100_000, 150_000, funded=True)
    body = {"amount": 250_000, "reason": "Goodwill."}
    found = answers(posts(callers(make_operator("finance")), f"/api/admin/orders/{order.pk}/refund", body))
    assert found[200, ""] == 1
    assert total("refund_pending") == 250_000
    assert Cancellation.objects.count() == 1
    assert_nothing_was_lost(order)


# The look that is taken before the lock, and the one after it


def held_up(call: Callable[[], Any], meanwhile: Callable[[], Any]) -> Any:
    """What `call` comes to if `meanwhile` happens after its statement has begun to look and before it locks a row.

    The clock of the database is made to wait at a gate that this session holds.
    """
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION khidma_now() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$ BEGIN"
            f" PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN statement_timestamp(); END $$"
        )
    with connection.cursor() as cursor, ThreadPoolExecutor(1) as threads:
        cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
        waiting = threads.submit(at_once, call)
        for _ in range(100):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            if cursor.fetchone()[0]:
                break
            time.sleep(0.01)
        meanwhile()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [GATE])
        return waiting.result()[0]


def test_what_was_settled_while_we_looked_is_not_settled_again() -> None:
    order = late(blamed_order())
    settle = partial(services.settle_cancellation, order_id=order.pk)
    assert held_up(settle, meanwhile=settle) is False
    assert len(announced("CancellationSettled")) == Transfer.objects.filter(kind="settle").count() == 1
    assert_nothing_was_lost(order)


def test_what_was_contested_while_we_looked_is_not_settled() -> None:
    order = late(blamed_order())
    settle = partial(services.settle_cancellation, order_id=order.pk)
    contest = partial(services.contest_cancellation, cancellation=order.cancellation, actor=order.doer)
    assert held_up(settle, meanwhile=contest) is False
    assert total("escrow") == 75_000
    assert not announced("CancellationSettled")
    assert_nothing_was_lost(order)


# Boosts


def test_two_boosts_at_once_are_one_payment() -> None:
    gig = make_gig()
    phones = callers(gig.client)
    results = at_once(*posts(phones, f"/api/gigs/{gig.pk}/boost", {"days": 3}))
    assert {answer.status_code for answer in results} <= {200, 502}
    assert Payment.objects.count() == Boost.objects.count() == Sale.objects.count() == 1
    shown = {answer.json()["data"]["razorpayOrderId"] for answer in results if answer.status_code == 200}
    assert shown == {Payment.objects.get().gateway_order_id}


def test_a_boost_is_paid_once_by_verify_and_webhook_together(gateway: Any) -> None:
    gig = make_gig()
    payment = open_gateway_order(payment_id=services.prepare_boost(gig=gig, client=gig.client, days=3).pk)
    handed = gateway.pay(payment.gateway_order_id, webhook=False)
    entity = seen_at(gateway, handed)
    deliver_due()
    verifying = posts(callers(gig.client, CALLERS // 2), "/api/payments/verify", handed)
    telling = [partial(send, *webhook(entity, number)) for number in range(CALLERS // 2)]
    assert answers([*verifying, *telling]) == {(200, ""): CALLERS}
    deliver_due()
    boost = Boost.objects.get()
    gig.refresh_from_db()
    assert (boost.status, gig.boosted_until) == ("shown", boost.ends_at)
    assert Capture.objects.count() == len(announced("BoostShown")) == 1
    assert balance("boost_income") + balance("gst_payable") == payment.amount
    assert not Refund.objects.exists()
    assert_books_are_exact()


def test_a_boost_is_either_shown_or_sent_back_when_the_gig_closes(gateway: Any) -> None:
    gig = make_gig()
    payment = open_gateway_order(payment_id=services.prepare_boost(gig=gig, client=gig.client, days=3).pk)
    handed = gateway.pay(payment.gateway_order_id, webhook=False)
    verifying = posts(callers(gig.client, CALLERS // 2), "/api/payments/verify", handed)
    closing = posts(callers(gig.client, CALLERS // 2), f"/api/gigs/{gig.pk}/close")
    found = answers([call for pair in zip(verifying, closing, strict=True) for call in pair])
    assert found == {(200, ""): CALLERS // 2 + 1, (409, "gig_not_open"): CALLERS // 2 - 1}
    boost = Boost.objects.get()
    back = {"shown": 0, "returned": payment.amount}[boost.status]
    assert balance("refund_pending", payment.pk) == back
    assert balance("boost_income") + balance("gst_payable") == payment.amount - back
    assert_books_are_exact()
