"""Refunds by operators, and what they see of orders."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_client, make_operator
from khidma.kernel.models import AuditRecord
from khidma.kernel.states import history
from orders import services
from orders.models import Order
from orders.tests.evidence import announced, nothing_changes
from orders.tests.factories import make_funded_order, make_order, make_submitted_order
from payments.models import Escrow, Payment
from payments.services import quote_shares
from payments.tests.factories import balance

pytestmark = pytest.mark.django_db

BODY = {"amount": 100_000, "reason": "The client was promised a discount."}
ACTORS = ["anonymous", "client", "doer", "support", "finance", "trust", "administrator"]


def promised(order: Order) -> int:
    return balance("refund_pending", Payment.objects.get(items__escrow__reference=order.pk).pk)


def person(order: Order, actor: str) -> Any:
    people = {"anonymous": None, "client": order.client, "doer": order.doer}
    return people[actor] if actor in people else make_operator(actor)


@pytest.mark.parametrize(("actor", "status"), list(zip(ACTORS, [401, 403, 403, 403, 200, 403, 200], strict=True)))
def test_who_may_refund(api: Any, actor: str, status: int) -> None:
    order = make_funded_order(amount=300_000)
    client = api(person(order, actor))
    if status == 200:
        answer = client.post(f"/api/admin/orders/{order.pk}/refund", BODY)
        assert answer.json()["data"]["refundedAmount"] == promised(order) == 100_000
    else:
        with nothing_changes():
            answer = client.post(f"/api/admin/orders/{order.pk}/refund", BODY)
    assert answer.status_code == status


@pytest.mark.parametrize(("actor", "status"), list(zip(ACTORS, [401, 403, 403, 200, 403, 403, 200], strict=True)))
def test_who_may_list_all_orders(api: Any, actor: str, status: int) -> None:
    order = make_funded_order()
    answer = api(person(order, actor)).get("/api/admin/orders")
    assert answer.status_code == status
    if status == 200:
        assert [row["id"] for row in answer.json()["data"]] == [str(order.pk)]
        assert answer.json()["data"][0]["startCode"] is None


def test_a_part_goes_back_while_the_order_goes_on() -> None:
    order, operator = make_funded_order(amount=300_000), make_operator("finance")
    order = services.refund_order(order=order, operator=operator, amount=100_001, reason="Goodwill.")
    assert (order.status, promised(order)) == ("in_progress", 100_001)
    record = AuditRecord.objects.get(action="refund_order")
    assert (record.actor_id, record.target_id, record.reason) == (operator.pk, str(order.pk), "Goodwill.")
    assert (record.before, record.after) == ({"held": 300_000}, {"held": 199_999, "refunded": 100_001})
    assert announced("OrderRefunded")[0]["refunded"] == 100_001
    last = history(order).last()
    assert last is not None
    assert (last.action, last.from_status, last.to_status, last.actor_role) == (
        "refund",
        "in_progress",
        "in_progress",
        "operator",
    )
    order = services.submit_work(order=order, doer=order.doer, message="Done.")
    order = services.approve_work(order=order, client=order.client)
    shares = quote_shares(amount=199_999, commission_bp=1_000, payee_id=order.doer_id)
    assert (order.status, balance("wallet", order.doer_id)) == ("completed", shares.payee_net)
    assert promised(order) == 100_001


def test_all_of_it_ends_an_order_without_work() -> None:
    order = make_funded_order(amount=300_000)
    order = services.refund_order(order=order, operator=make_operator("finance"), amount=300_000, reason="Fraud.")
    assert (order.status, promised(order), order.cancellation.fault) == ("cancelled", 300_000, "none")
    assert announced("OrderCancelled")[0]["cancelled_by"] == "operator"


@pytest.mark.parametrize(("amount", "maximum"), [(299_901, 299_900), (300_001, 299_900)])
def test_an_order_that_goes_on_keeps_a_rupee(api: Any, amount: int, maximum: int) -> None:
    order = make_funded_order(amount=300_000)
    with nothing_changes():
        answer = api(make_operator("finance")).post(
            f"/api/admin/orders/{order.pk}/refund", {"amount": amount, "reason": "Goodwill."}
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "part_too_large")
    assert answer.json()["error"]["details"] == {"maximum": maximum}


def test_submitted_work_is_not_refunded_away_in_whole(api: Any) -> None:
    order = make_submitted_order(amount=300_000)
    client = api(make_operator("finance"))
    with nothing_changes():
        whole = client.post(f"/api/admin/orders/{order.pk}/refund", {"amount": 300_000, "reason": "Bad."})
    assert (whole.status_code, whole.json()["error"]["code"]) == (409, "part_too_large")
    part = client.post(f"/api/admin/orders/{order.pk}/refund", {"amount": 299_900, "reason": "Bad."})
    assert part.status_code == 200
    assert Escrow.objects.get(reference=order.pk).held == 100


def make_cancelled_order() -> Order:
    order = make_funded_order()
    return services.cancel_order(order=order, actor=order.client, reason="other")


@pytest.mark.parametrize("make", [make_order, make_cancelled_order])
def test_money_that_is_not_held_is_not_refunded(api: Any, make: Any) -> None:
    order = make()
    client = api(make_operator("finance"))
    with nothing_changes():
        answer = client.post(f"/api/admin/orders/{order.pk}/refund", BODY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "order_not_refundable")


@pytest.mark.parametrize("amount", [0, -1, 1, 99, 1_000_000_001, 10.5, "1000", True, None])
def test_a_bad_amount_is_refused(api: Any, amount: Any) -> None:
    order = make_funded_order()
    client = api(make_operator("finance"))
    with nothing_changes():
        answer = client.post(f"/api/admin/orders/{order.pk}/refund", {"amount": amount, "reason": "Goodwill."})
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["amount"])


def test_a_refund_needs_a_reason_and_an_order(api: Any) -> None:
    order = make_funded_order()
    client = api(make_operator("finance"))
    with nothing_changes():
        assert client.post(f"/api/admin/orders/{order.pk}/refund", {"amount": 1_000}).status_code == 400
        missing = "/api/admin/orders/018f0000-0000-7000-8000-000000000000/refund"
        assert client.post(missing, BODY).status_code == 404


def test_all_orders_are_filtered(api: Any) -> None:
    unpaid, funded = make_order(), make_funded_order()
    client = api(make_operator("support"))
    asked = {
        "status=pending_payment": [unpaid],
        "status=in_progress,pending_payment": [funded, unpaid],
        f"clientId={funded.client_id}": [funded],
        f"doerId={unpaid.doer_id}": [unpaid],
        f"gigId={unpaid.gig_id}&status=in_progress": [],
        f"clientId={make_client().pk}": [],
        "budgetType=hourly": [],
        "budgetType=milestone": [],
    }
    for query, orders in asked.items():
        rows = client.get(f"/api/admin/orders?{query}").json()["data"]
        assert [row["id"] for row in rows] == [str(order.pk) for order in orders], query
    assert client.get("/api/admin/orders?status=unknown").status_code == 400


def test_a_list_of_all_orders_takes_the_same_queries_for_any_number(api: Any) -> None:
    client = api(make_operator("support"))
    make_cancelled_order()
    make_funded_order()
    counts = []
    for _ in range(2):
        client.get("/api/admin/orders")
        with CaptureQueriesContext(connection) as queries:
            client.get("/api/admin/orders")
        counts.append(len(queries))
        make_cancelled_order()
        make_funded_order()
    assert counts[0] == counts[1]
