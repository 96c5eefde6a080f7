"""Twenty callers at the same moment: one winner, no accident, exact books."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db.models import Sum
from django.test import Client

from accounts.models import User
from accounts.tests.factories import bearer, make_operator
from gigs.models import Application
from gigs.tests.factories import make_application, make_gig
from khidma.kernel.clock import now
from khidma.kernel.models import OutboxDelivery, StateChange
from khidma.kernel.outbox import deliver_due
from khidma.tests.client import Answer, JsonClient
from khidma.tests.races import at_once
from orders import services, tasks
from orders.models import Cancellation, Deliverable, Order, RevisionRequest, SilenceQuestion
from orders.tests.evidence import announced
from orders.tests.factories import make_funded_order, make_order, make_submitted_order
from payments.models import Account, Capture, Entry, Escrow, Payment, Refund, Transfer
from payments.services import open_gateway_order
from payments.tests.factories import balance

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


def assert_books_are_exact() -> None:
    """Debits equal credits, and every balance is the sum of its entries."""
    assert Entry.objects.aggregate(sum=Sum("amount"))["sum"] == 0
    for account in Account.objects.annotate(moved=Sum("entries__amount")):
        sign = 1 if account.normal_side == "debit" else -1
        assert account.balance == sign * (account.moved or 0), account


def webhook(entity: dict[str, Any], number: int) -> tuple[bytes, dict[str, str]]:
    """One of several messages of the gateway about the same captured payment: its body and headers."""
    name = ("payment.captured", "order.paid")[number % 2]
    event = {"entity": "event", "event": name, "contains": ["payment"], "payload": {"payment": {"entity": entity}}}
    raw = json.dumps(event).encode()
    signature = hmac.new(settings.RAZORPAY_WEBHOOK_SECRET.encode(), raw, hashlib.sha256).hexdigest()
    return raw, {"x-razorpay-signature": signature, "x-razorpay-event-id": f"event-{number // 2}"}


def send(raw: bytes, headers: dict[str, str]) -> Any:
    """Deliver a webhook, and do what the workers would do with it."""
    answer = Client().generic("POST", "/api/webhooks/payment", raw, "application/json", headers=headers)
    deliver_due()
    return answer


def test_an_order_is_paid_once_by_verify_and_webhook_together(gateway: Any) -> None:
    order = make_order()
    payment = open_gateway_order(payment_id=Payment.objects.get(payer=order.client).pk)
    handed = gateway.pay(payment.gateway_order_id, webhook=False)
    keys = (gateway.key_id, gateway.key_secret)
    entity = gateway.client.get(f"/v1/payments/{handed['razorpay_payment_id']}", auth=keys).json()
    deliver_due()
    verifying = posts(callers(order.client, CALLERS // 2), "/api/payments/verify", handed)
    telling = [partial(send, *webhook(entity, number)) for number in range(CALLERS // 2)]
    assert answers([*verifying, *telling]) == {(200, ""): CALLERS}
    deliver_due()
    order.refresh_from_db()
    assert order.status == "in_progress"
    assert Capture.objects.count() == len(announced("OrderFunded")) == 1
    assert Transfer.objects.filter(kind="capture").count() == 1
    assert balance("escrow", Escrow.objects.get().pk) == order.amount
    assert StateChange.objects.filter(subject_id=order.pk, action="pay").count() == 1
    assert not OutboxDelivery.objects.exclude(status="done").exists()
    assert_books_are_exact()


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
    escrow = Escrow.objects.get()
    assert (balance("escrow", escrow.pk), balance("wallet", order.doer_id)) == (0, escrow.payee_net)
    assert_books_are_exact()


def test_an_order_paid_and_cancelled_at_once_is_paid_back_once(gateway: Any) -> None:
    order = make_order()
    payment = open_gateway_order(payment_id=Payment.objects.get(payer=order.client).pk)
    handed = gateway.pay(payment.gateway_order_id, webhook=False)
    verifying = posts(callers(order.client, CALLERS // 2), "/api/payments/verify", handed)
    cancelling = posts(callers(order.doer, CALLERS // 2), f"/api/orders/{order.pk}/cancel", {"reason": "other"})
    found = answers([call for pair in zip(verifying, cancelling, strict=True) for call in pair])
    order.refresh_from_db()
    escrow = Escrow.objects.get()
    refused = (409, "order_not_in_progress" if order.is_paid_for else "order_not_awaiting_payment")
    assert found == {(200, ""): CALLERS // 2 + 1, refused: CALLERS // 2 - 1}
    assert (order.status, escrow.status) == ("cancelled", "decided" if order.is_paid_for else "abandoned")
    assert balance("refund_pending", payment.pk) == order.amount
    assert Refund.objects.count() == len(announced("OrderCancelled")) == 1
    assert Capture.objects.count() == Transfer.objects.filter(kind="capture").count() == 1
    assert_books_are_exact()


def test_the_clock_and_the_client_approve_once_together() -> None:
    order = make_submitted_order()
    Order.objects.filter(pk=order.pk).update(auto_approve_at=now() - timedelta(minutes=1))
    approving = posts(callers(order.client, CALLERS // 2), f"/api/orders/{order.pk}/approve")
    results = at_once(*approving, *[partial(services.approve_by_clock, order_id=order.pk)] * (CALLERS // 2))
    assert not [result for result in results if isinstance(result, Exception)]
    by_client = [answer.status_code for answer in results[: CALLERS // 2]]
    by_clock = sum(results[CALLERS // 2 :])
    assert by_client.count(200) + by_clock == 1
    assert set(by_client) <= {200, 409}
    order.refresh_from_db()
    assert order.status == "completed"
    assert len(announced("OrderApproved")) == len(announced("OrderCompleted")) == 1
    assert balance("wallet", order.doer_id) == Escrow.objects.get().payee_net
    assert_books_are_exact()


def test_an_unpaid_order_expires_once() -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(unpaid_due_at=now() - timedelta(minutes=1))
    found = Counter(at_once(*[partial(services.expire_unpaid, order_id=order.pk)] * CALLERS))
    assert found == {True: 1, False: CALLERS - 1}
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert len(announced("OrderCancelled")) == 1


def test_work_is_handed_in_once() -> None:
    order = make_funded_order()
    found = answers(posts(callers(order.doer), f"/api/orders/{order.pk}/submit", {"message": "Here is the work."}))
    assert found == {(200, ""): 1, (409, "order_not_in_progress"): CALLERS - 1}
    assert Deliverable.objects.count() == len(announced("WorkSubmitted")) == 1


def test_work_is_either_approved_or_sent_back() -> None:
    order = make_submitted_order()
    approving = posts(callers(order.client, CALLERS // 2), f"/api/orders/{order.pk}/approve")
    returning = posts(
        callers(order.client, CALLERS // 2),
        f"/api/orders/{order.pk}/request-revision",
        {"message": "Once more, please."},
    )
    found = answers([call for pair in zip(approving, returning, strict=True) for call in pair])
    assert found == {(200, ""): 1, (409, "order_not_submitted"): CALLERS - 1}
    order.refresh_from_db()
    was_approved = order.status == "completed"
    assert order.status in {"completed", "in_progress"}
    assert RevisionRequest.objects.count() == len(announced("RevisionRequested")) == (not was_approved)
    assert balance("wallet", order.doer_id) == (Escrow.objects.get().payee_net if was_approved else 0)
    assert_books_are_exact()


def assert_nothing_was_lost(order: Order) -> None:
    """What was paid is on its way back, in the wallet, our income, or still held."""
    payment, escrow = Payment.objects.get(payer=order.client), Escrow.objects.get(reference=order.pk)
    places = (
        balance("refund_pending", payment.pk),
        balance("escrow", escrow.pk),
        balance("wallet", order.doer_id),
        balance("platform_fee"),
        balance("gst_payable"),
        balance("tds_payable"),
    )
    assert sum(places) == order.amount
    assert_books_are_exact()


def test_a_paid_order_is_cancelled_once() -> None:
    order = make_funded_order(amount=300_001)
    Order.objects.filter(pk=order.pk).update(funded_at=now() - timedelta(hours=3))
    by_both = [phone for pair in zip(callers(order.client, 10), callers(order.doer, 10), strict=True) for phone in pair]
    found = answers(posts(by_both, f"/api/orders/{order.pk}/cancel", {"reason": "changed_mind"}))
    assert found == {(200, ""): 1, (409, "order_not_in_progress"): CALLERS - 1}
    assert Cancellation.objects.count() == len(announced("OrderCancelled")) == Refund.objects.count() == 1
    assert StateChange.objects.filter(subject_id=order.pk, action="cancel").count() == 1
    assert balance("escrow", Escrow.objects.get().pk) == 0
    assert_nothing_was_lost(order)


def test_an_order_is_either_submitted_or_cancelled() -> None:
    order = make_funded_order()
    submitting = posts(callers(order.doer, 10), f"/api/orders/{order.pk}/submit", {"message": "Done."})
    cancelling = posts(callers(order.client, 10), f"/api/orders/{order.pk}/cancel", {"reason": "changed_mind"})
    found = answers([call for pair in zip(submitting, cancelling, strict=True) for call in pair])
    order.refresh_from_db()
    if order.status == "submitted":
        assert found == {(200, ""): 1, (409, "order_not_in_progress"): 9, (409, "work_already_submitted"): 10}
        assert balance("escrow", Escrow.objects.get().pk) == order.amount
    else:
        assert order.status == "cancelled"
        assert found == {(200, ""): 1, (409, "order_not_in_progress"): 19}
        assert balance("escrow", Escrow.objects.get().pk) == 0
    assert_nothing_was_lost(order)


def test_work_that_is_being_approved_is_not_cancelled() -> None:
    order = make_submitted_order()
    approving = posts(callers(order.client, 10), f"/api/orders/{order.pk}/approve")
    cancelling = posts(callers(order.doer, 10), f"/api/orders/{order.pk}/cancel", {"reason": "other"})
    found = answers([call for pair in zip(approving, cancelling, strict=True) for call in pair])
    assert found == {(200, ""): 1, (409, "order_not_submitted"): 9, (409, "work_already_submitted"): 10}
    order.refresh_from_db()
    assert order.status == "completed"
    assert_nothing_was_lost(order)


def test_what_was_contestable_is_paid_once() -> None:
    order = make_funded_order(amount=300_001)
    Order.objects.filter(pk=order.pk).update(funded_at=now() - timedelta(hours=3))
    services.cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    assert_nothing_was_lost(order)
    Cancellation.objects.filter(order=order).update(due_at=now() - timedelta(minutes=1))
    assert sum(at_once(*[tasks.settle_cancellations] * CALLERS)) == 1
    assert len(announced("CancellationSettled")) == 1
    assert balance("refund_pending", Payment.objects.get().pk) == order.amount
    assert_nothing_was_lost(order)


def test_a_refund_in_part_and_a_cancellation_pay_the_same_money_once() -> None:
    order = make_funded_order(amount=300_000)
    refunding = posts(
        callers(make_operator("finance"), 10),
        f"/api/admin/orders/{order.pk}/refund",
        {"amount": 200_000, "reason": "Goodwill."},
    )
    cancelling = posts(callers(order.client, 10), f"/api/orders/{order.pk}/cancel", {"reason": "changed_mind"})
    found = answers([call for pair in zip(refunding, cancelling, strict=True) for call in pair])
    assert set(found) <= {
        (200, ""),
        (409, "part_too_large"),
        (409, "order_not_refundable"),
        (409, "order_not_in_progress"),
    }
    assert found[200, ""] in {1, 2}
    assert balance("refund_pending", Payment.objects.get().pk) == 300_000
    assert_nothing_was_lost(order)


def test_a_silent_order_is_asked_and_refunded_once() -> None:
    order = make_funded_order()
    Order.objects.filter(pk=order.pk).update(due_at=now() - timedelta(days=15))
    assert sum(at_once(*[tasks.ask_silent_doers] * CALLERS)) == 1
    SilenceQuestion.objects.update(due_at=now() - timedelta(minutes=1))
    assert sum(at_once(*[tasks.refund_silent_orders] * CALLERS)) == 1
    assert len(announced("SilenceNoticed")) == len(announced("OrderCancelled")) == 1
    assert_nothing_was_lost(order)
