"""Orders over HTTP: shapes, bad bodies, filters, and how many queries a list takes."""

import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_client, make_doer, make_user
from gigs.tests.factories import make_application
from orders import services
from orders.models import Order
from orders.selectors import money_of
from orders.tests.evidence import nothing_changes
from orders.tests.factories import make_completed_order, make_funded_order, make_order, make_submitted_order

pytestmark = pytest.mark.django_db

ON_SITE: dict[str, Any] = {"kind": "on_site", "category": "cleaning"}


def test_accepting_answers_the_order_and_how_to_pay_it(api: Any, gateway: Any) -> None:
    application = make_application(proposed_amount=300_000)
    answer = api(application.gig.client).post(f"/api/applications/{application.pk}/accept")
    assert answer.status_code == 201
    order = answer.json()["data"]
    assert answer.headers["Location"] == f"/api/orders/{order['id']}"
    assert (order["status"], order["escrowState"], order["amount"]) == ("pending_payment", "awaiting_payment", 300_000)
    assert order["platformFee"] == 30_000
    assert order["gst"] == 5_400
    assert order["doerPayout"] == 300_000 - order["platformFee"] - order["gst"] - order["tds"]
    assert order["payment"]["razorpayOrderId"] == order["paymentGatewayOrderId"]
    assert (order["payment"]["amount"], order["payment"]["currency"]) == (300_000, "INR")
    assert order["payment"]["keyId"]
    assert order["conversationId"] == str(application.conversation_id)


def test_accepting_without_the_gateway_still_makes_the_order(api: Any, gateway: Any) -> None:
    application = make_application()
    gateway.stop()
    try:
        started = time.monotonic()
        answer = api(application.gig.client).post(f"/api/applications/{application.pk}/accept")
        assert time.monotonic() - started < 5
    finally:
        gateway.start()
    order = answer.json()["data"]
    assert (answer.status_code, order["payment"], order["paymentGatewayOrderId"]) == (201, None, None)
    made_up = api(application.gig.client).post("/api/payments/create-order", {"orderId": order["id"]})
    assert made_up.status_code == 200
    assert made_up.json()["data"]["razorpayOrderId"].startswith("order_")


def test_creating_the_gateways_order_says_what_the_checkout_needs(api: Any, gateway: Any) -> None:
    order = make_order()
    client = api(order.client)
    due = client.post("/api/payments/create-order", {"orderId": str(order.pk)}).json()["data"]
    assert due["orderId"] == str(order.pk)
    assert (due["amount"], due["currency"]) == (order.amount, "INR")
    assert due["prefill"] == {"name": order.client.name, "email": order.client.email, "contact": order.client.phone}
    assert client.post("/api/payments/create-order", {"orderId": str(order.pk)}).json()["data"] == due


def test_creating_the_gateways_order_without_the_gateway_is_502(api: Any, gateway: Any) -> None:
    order = make_order()
    gateway.stop()
    try:
        answer = api(order.client).post("/api/payments/create-order", {"orderId": str(order.pk)})
    finally:
        gateway.start()
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "gateway_unavailable")


def test_the_whole_way_over_http(api: Any, gateway: Any) -> None:
    order = make_order()
    client, doer = api(order.client), api(order.doer)
    due = client.post("/api/payments/create-order", {"orderId": str(order.pk)}).json()["data"]
    handed = gateway.pay(due["razorpayOrderId"], webhook=False)
    verified = client.post("/api/payments/verify", handed).json()["data"]
    assert verified["payment"]["id"] == due["paymentId"]
    assert verified["payment"]["status"] == "captured"
    assert (verified["order"]["status"], verified["order"]["escrowState"]) == ("in_progress", "funded")
    assert verified["order"]["paymentGatewayPaymentId"] == handed["razorpay_payment_id"]
    address = f"/api/orders/{order.pk}"
    submitted = doer.post(f"{address}/submit", {"message": "Done.", "links": ["https://example.in/a"]}).json()["data"]
    assert submitted["status"] == "submitted"
    assert submitted["autoApproveAt"] > submitted["submittedAt"]
    assert submitted["deliverables"][0]["links"] == ["https://example.in/a"]
    sent_back = client.post(f"{address}/request-revision", {"message": "Bluer.", "extraDays": 2}).json()["data"]
    assert sent_back["dueAt"] == submitted["dueAt"] + 2 * 86_400_000
    assert sent_back["revisionRequests"][0]["message"] == "Bluer."
    doer.post(f"{address}/submit", {"message": "Blue."})
    approved = client.post(f"{address}/approve").json()["data"]
    assert (approved["status"], approved["escrowState"], approved["refundedAmount"]) == ("completed", "released", 0)
    steps = client.get(f"{address}/timeline").json()["data"]
    assert [(step["from"], step["to"]) for step in steps] == [
        (None, "pending_payment"),
        ("pending_payment", "in_progress"),
        ("in_progress", "submitted"),
        ("submitted", "in_progress"),
        ("in_progress", "submitted"),
        ("submitted", "approved"),
        ("approved", "completed"),
    ]
    assert steps[2]["actorRole"] == "doer"
    assert steps[2]["actorId"] == str(order.doer_id)


def test_verify_takes_our_own_spelling_too(api: Any, gateway: Any) -> None:
    order = make_order()
    due = api(order.client).post("/api/payments/create-order", {"orderId": str(order.pk)}).json()["data"]
    handed = gateway.pay(due["razorpayOrderId"], webhook=False)
    body = {
        "razorpayOrderId": handed["razorpay_order_id"],
        "razorpayPaymentId": handed["razorpay_payment_id"],
        "razorpaySignature": handed["razorpay_signature"],
    }
    assert api(order.client).post("/api/payments/verify", body).json()["data"]["order"]["status"] == "in_progress"


def test_a_forged_signature_is_refused(api: Any, gateway: Any) -> None:
    order = make_order()
    due = api(order.client).post("/api/payments/create-order", {"orderId": str(order.pk)}).json()["data"]
    handed = gateway.pay(due["razorpayOrderId"], webhook=False)
    client = api(order.client)
    with nothing_changes():
        answer = client.post("/api/payments/verify", {**handed, "razorpay_signature": "f" * 64})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_signature")


def test_verify_without_the_gateway_answers_soon_and_pending(api: Any, gateway: Any) -> None:
    order = make_order()
    client = api(order.client)
    due = client.post("/api/payments/create-order", {"orderId": str(order.pk)}).json()["data"]
    handed = gateway.pay(due["razorpayOrderId"], webhook=False)
    gateway.faults([{"match": "GET /v1/payments", "times": 5, "fault": "slow", "ms": 20_000}])
    started = time.monotonic()
    answer = client.post("/api/payments/verify", handed)
    assert time.monotonic() - started < 5
    gateway.clear_faults()
    assert answer.status_code == 200
    assert answer.json()["data"]["payment"]["status"] == "created"
    assert answer.json()["data"]["order"]["status"] == "pending_payment"


BAD_BODIES: list[tuple[str, Any, str]] = [
    ("submit", {}, "message"),
    ("submit", {"message": "  "}, "message"),
    ("submit", {"message": 7}, "message"),
    ("submit", {"message": "Done.", "links": ["http://example.in"]}, "links.0"),
    ("submit", {"message": "Done.", "attachments": ["018f0000-0000-7000-8000-000000000000"]}, "attachments"),
    ("submit", {"message": "Done.", "minutesWorked": 5}, "minutesWorked"),
    ("request-revision", {"message": "Hm.", "extraDays": -1}, "extraDays"),
    ("request-revision", {"message": "Hm.", "extraDays": 61}, "extraDays"),
    ("request-revision", {"message": "Hm.", "extraDays": "2"}, "extraDays"),
    ("cancel", {}, "reason"),
    ("cancel", {"reason": "unpaid"}, "reason"),
    ("cancel", {"reason": "other", "comment": "x" * 1_001}, "comment"),
    ("approve", {"amount": 1}, "amount"),
]


@pytest.mark.parametrize(("action", "body", "field"), BAD_BODIES)
def test_a_bad_body_is_refused_by_field_before_the_state_is_looked_at(
    api: Any, action: str, body: Any, field: str
) -> None:
    order = make_order() if action != "approve" else make_submitted_order()
    client = api(order.doer if action == "submit" else order.client)
    with nothing_changes():
        answer = client.post(f"/api/orders/{order.pk}/{action}", body)
    assert answer.status_code == 400, answer.json()
    assert field in answer.json()["error"]["details"]


def test_an_incomplete_profile_neither_accepts_nor_pays(api: Any) -> None:
    order = make_order()
    type(order.client).objects.filter(pk=order.client_id).update(name="", profile_completed_at=None)
    client = api(order.client)
    with nothing_changes():
        answer = client.post("/api/payments/create-order", {"orderId": str(order.pk)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "profile_incomplete")
    assert api(make_user()).get("/api/orders").json()["data"] == []


def test_on_site_each_side_sees_what_it_needs(api: Any) -> None:
    waiting = make_order(**ON_SITE)
    shown = api(waiting.doer).get(f"/api/orders/{waiting.pk}").json()["data"]
    assert (shown["startCode"], shown["counterpartPhone"]) == (None, None)
    assert shown["location"]["address"] == waiting.gig.city
    assert str(waiting.gig.address) not in str(shown)
    order = make_funded_order(**ON_SITE)
    as_client = api(order.client).get(f"/api/orders/{order.pk}").json()["data"]
    as_doer = api(order.doer).get(f"/api/orders/{order.pk}").json()["data"]
    assert as_client["startCode"] == order.start_code
    assert as_doer["startCode"] is None
    assert (as_client["counterpartPhone"], as_doer["counterpartPhone"]) == (order.doer.phone, order.client.phone)
    assert as_doer["location"]["address"] == order.gig.address


def test_phones_are_not_shown_any_more_once_an_order_is_cancelled(api: Any) -> None:
    order = make_funded_order(**ON_SITE)
    services.cancel_order(order=order, actor=order.client, reason="changed_mind")
    for party in (order.client, order.doer):
        assert api(party).get(f"/api/orders/{order.pk}").json()["data"]["counterpartPhone"] is None


def test_remote_parties_do_not_see_phones(api: Any) -> None:
    order = make_funded_order()
    answer = api(order.client).get(f"/api/orders/{order.pk}")
    assert answer.json()["data"]["counterpartPhone"] is None
    assert str(order.doer.phone) not in answer.content.decode()


def test_the_list_filters_by_side_and_state(api: Any) -> None:
    both = make_client(roles=["client", "doer"], university="IIT", course="CS", year=2, graduation_year=2027)
    hired = make_order(client=both)
    working = make_funded_order(doer=both)
    make_order()

    def ids(**query: Any) -> set[str]:
        return {row["id"] for row in api(both).get("/api/orders", query).json()["data"]}

    assert ids() == {str(hired.pk), str(working.pk)}
    assert ids(role="client") == {str(hired.pk)}
    assert ids(role="doer") == {str(working.pk)}
    assert ids(status="in_progress") == {str(working.pk)}
    assert ids(status="in_progress,pending_payment") == {str(hired.pk), str(working.pk)}
    assert ids(role="doer", status="completed") == set()
    for bad in ({"role": "boss"}, {"status": "paid"}, {"limit": 101}):
        assert api(both).get("/api/orders", bad).status_code == 400


def test_the_list_is_a_feed(api: Any) -> None:
    client = make_client()
    orders = [make_order(client=client) for _ in range(3)]
    first = api(client).get("/api/orders", {"limit": 2}).json()
    assert [row["id"] for row in first["data"]] == [str(order.pk) for order in orders[:0:-1]]
    make_order(client=client)
    cursor = first["pagination"]["nextCursor"]
    rest = api(client).get("/api/orders", {"limit": 2, "cursor": cursor}).json()
    assert [row["id"] for row in rest["data"]] == [str(orders[0].pk)]
    assert rest["pagination"]["nextCursor"] is None


def test_a_longer_list_takes_no_more_queries(api: Any) -> None:
    client, doer = make_client(), make_doer()

    def queries() -> int:
        caller = api(client)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert caller.get("/api/orders").status_code == 200
        return len(seen)

    make_completed_order(client=client, doer=doer)
    make_submitted_order(client=client, doer=doer)
    one = queries()
    for _ in range(4):
        make_submitted_order(client=client, doer=make_doer())
    assert Order.objects.count() == 6
    assert queries() == one
    assert one <= 14


def test_earnings_are_the_ledgers(api: Any) -> None:
    doer = make_doer()
    done = make_completed_order(doer=doer, amount=300_000)
    waiting = make_funded_order(doer=doer, amount=100_000)
    earned = money_of([done])[done.pk].doer_payout
    answer = api(doer).get("/api/doers/me/earnings").json()["data"]
    assert (answer["total"], answer["paidOut"]) == (earned, 0)
    assert (answer["completedOrders"], answer["inProgressOrders"]) == (1, 1)
    assert answer["pendingRelease"] == money_of([waiting])[waiting.pk].doer_payout
    assert len(answer["series"]) == 30
    assert answer["series"][-1]["amount"] == sum(period["amount"] for period in answer["series"]) == earned


def test_earnings_go_by_day_week_or_month(api: Any) -> None:
    doer = api(make_doer())

    def periods(**query: Any) -> list[str]:
        series = doer.get("/api/doers/me/earnings", query).json()["data"]["series"]
        return [period["period"] for period in series]

    span = {"from": "2026-01-30", "to": "2026-03-01"}
    assert len(periods(**span)) == 31
    assert periods(**span, groupBy="month") == ["2026-01", "2026-02", "2026-03"]
    assert periods(**span, groupBy="week")[:2] == ["2026-01-26", "2026-02-02"]
    assert len(periods(**span, groupBy="week")) == 5


def test_earnings_are_for_doers_and_a_sane_span(api: Any) -> None:
    assert api().get("/api/doers/me/earnings").status_code == 401
    assert api(make_client()).get("/api/doers/me/earnings").json()["error"]["code"] == "role_required"
    doer = api(make_doer())
    for bad in (
        {"from": "2026-02-30"},
        {"from": "2026-03-02", "to": "2026-03-01"},
        {"from": "1990-01-01"},
        {"groupBy": "year"},
    ):
        assert doer.get("/api/doers/me/earnings", bad).status_code == 400


def test_the_same_key_accepts_once_and_answers_twice(api: Any, gateway: Any) -> None:
    application = make_application()
    client = api(application.gig.client)
    first, again = (client.post(f"/api/applications/{application.pk}/accept", key="accept-1") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Order.objects.count() == 1


def test_nonsense_is_refused_before_anything_is_asked_of_the_gateway(api: Any) -> None:
    order = make_order()
    client = api(order.client)
    bodies: list[tuple[str, Any]] = [
        ("/api/payments/create-order", {"orderId": "not-an-id"}),
        ("/api/payments/create-order", {"orderId": None}),
        ("/api/payments/create-order", {"orderId": str(order.pk), "amount": 1}),
        ("/api/payments/create-order", []),
        ("/api/payments/verify", {}),
        ("/api/payments/verify", {"razorpay_order_id": 1, "razorpay_payment_id": True, "razorpay_signature": None}),
    ]
    for path, body in bodies:
        with nothing_changes():
            assert client.post(path, body).status_code == 400
    unknown = {"razorpay_order_id": "order_x", "razorpay_payment_id": "pay_x", "razorpay_signature": "0" * 64}
    milestone = {"orderId": str(order.pk), "milestoneId": str(order.gig_id)}
    for path, body in [("/api/payments/verify", unknown), ("/api/payments/create-order", milestone)]:
        with nothing_changes():
            assert client.post(path, body).status_code == 404
