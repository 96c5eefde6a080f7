"""Milestones over HTTP: who may, shapes, bad bodies, and how many queries a list takes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator
from gigs.tests.factories import make_application, make_gig
from khidma.kernel.states import StatusAssigned
from orders import services
from orders.models import Milestone, Order
from orders.tests.evidence import nothing_changes
from orders.tests.factories import make_funded_order, make_milestone_order, pay_milestones

pytestmark = pytest.mark.django_db

ACTORS = ["anonymous", "stranger", "operator", "client", "doer"]


def make_waiting() -> Order:
    return make_milestone_order(100_000, 150_000)


def make_funded() -> Order:
    return pay_milestones(make_waiting(), 0)


def make_submitted() -> Order:
    order = make_funded()
    return services.submit_milestones(order=order, doer=order.doer, message="Here.")


def first(order: Order) -> Milestone:
    return order.milestones.get(position=0)


def people(order: Order) -> dict[str, User | None]:
    return {
        "anonymous": None,
        "stranger": make_client(),
        "operator": make_operator("support"),
        "client": order.client,
        "doer": order.doer,
    }


# Action, how its order was made, body, and the answers to the five actors in this order.
TABLE: list[tuple[str, Callable[[], Order], Any, list[int]]] = [
    ("submit", make_funded, {"message": "Done."}, [401, 404, 404, 403, 200]),
    ("submit", make_waiting, {"message": "Done."}, [401, 404, 404, 403, 409]),
    ("submit", make_submitted, {"message": "Done."}, [401, 404, 404, 403, 409]),
    ("request-revision", make_submitted, {"message": "Hm."}, [401, 404, 404, 200, 403]),
    ("request-revision", make_funded, {"message": "Hm."}, [401, 404, 404, 409, 403]),
    ("approve", make_submitted, None, [401, 404, 404, 200, 403]),
    ("approve", make_funded, None, [401, 404, 404, 409, 403]),
]


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize(("action", "make", "body", "expected"), TABLE)
def test_each_actor_gets_what_the_table_says(
    api: Any, action: str, make: Callable[[], Order], body: Any, expected: list[int], actor: str
) -> None:
    order = make()
    caller, status = api(people(order)[actor]), expected[ACTORS.index(actor)]
    address = f"/api/orders/{order.pk}/milestones/{first(order).pk}/{action}"
    if status >= 400:
        with nothing_changes():
            answer = caller.post(address, body)
    else:
        answer = caller.post(address, body)
    assert answer.status_code == status, answer.json()


@pytest.mark.parametrize(("actor", "status"), list(zip(ACTORS, [401, 404, 404, 200, 403], strict=True)))
def test_who_may_ask_to_pay_one_milestone(api: Any, gateway: Any, actor: str, status: int) -> None:
    order = make_waiting()
    body = {"orderId": str(order.pk), "milestoneId": str(first(order).pk)}
    assert api(people(order)[actor]).post("/api/payments/create-order", body).status_code == status


@pytest.mark.parametrize("action", ["submit", "request-revision", "approve"])
def test_a_milestone_of_another_order_is_not_found(api: Any, action: str) -> None:
    order = make_submitted()
    other = make_milestone_order(100_000, client=order.client, doer=make_doer())
    body = None if action == "approve" else {"message": "Hm."}
    for milestone_id in (first(other).pk, order.pk):
        for party in (order.client, order.doer):
            with nothing_changes():
                answer = api(party).post(f"/api/orders/{order.pk}/milestones/{milestone_id}/{action}", body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    with nothing_changes():
        asked = {"orderId": str(order.pk), "milestoneId": str(first(other).pk)}
        assert api(order.client).post("/api/payments/create-order", asked).status_code == 404


BAD_BODIES: list[tuple[str, Any, str]] = [
    ("submit", {}, "message"),
    ("submit", {"message": "Done.", "minutesWorked": 60}, "minutesWorked"),
    ("submit", {"message": "Done.", "links": ["http://example.in"]}, "links.0"),
    ("request-revision", {"message": "Hm.", "extraDays": 61}, "extraDays"),
    ("request-revision", {"message": ""}, "message"),
    ("approve", {"amount": 1}, "amount"),
]


@pytest.mark.parametrize(("action", "body", "field"), BAD_BODIES)
def test_a_bad_body_is_refused_by_field_before_the_state_is_looked_at(
    api: Any, action: str, body: Any, field: str
) -> None:
    order = make_waiting() if action != "approve" else make_submitted()
    caller = api(order.doer if action == "submit" else order.client)
    with nothing_changes():
        answer = caller.post(f"/api/orders/{order.pk}/milestones/{first(order).pk}/{action}", body)
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [field])


def test_accepting_asks_for_all_milestones_at_once(api: Any, gateway: Any) -> None:
    application = make_application(make_gig(budget_type="milestone", budget_min=300_001))
    order = api(application.gig.client).post(f"/api/applications/{application.pk}/accept").json()["data"]
    assert (order["budgetType"], order["amount"], order["payment"]["amount"]) == ("milestone", 300_001, 300_001)
    assert [part["amount"] for part in order["milestones"]] == [150_000, 150_001]
    assert order["platformFee"] == 30_000


def test_the_whole_way_over_http(api: Any, gateway: Any) -> None:
    order = make_milestone_order(100_000, 150_000)
    client, doer = api(order.client), api(order.doer)
    one, two = order.milestones.order_by("position")
    body = {"orderId": str(order.pk), "milestoneId": str(one.pk)}
    due = client.post("/api/payments/create-order", body).json()["data"]
    assert (due["amount"], due["orderId"]) == (100_000, str(order.pk))
    assert client.post("/api/payments/create-order", body).json()["data"] == due
    verified = client.post("/api/payments/verify", gateway.pay(due["razorpayOrderId"], webhook=False)).json()["data"]
    payment = verified["payment"]
    assert (payment["purpose"], payment["orderId"], payment["milestoneId"]) == ("milestone", str(order.pk), str(one.pk))
    assert (verified["order"]["status"], verified["order"]["escrowState"]) == ("in_progress", "funded")
    assert [part["status"] for part in verified["order"]["milestones"]] == ["funded", "pending"]
    address = f"/api/orders/{order.pk}/milestones/{one.pk}"
    handed_in = doer.post(f"{address}/submit", {"message": "Sketch."}).json()["data"]
    assert handed_in["milestones"][0]["autoApproveAt"] > handed_in["milestones"][0]["submittedAt"]
    assert handed_in["deliverables"][0]["milestoneId"] == str(one.pk)
    sent_back = client.post(f"{address}/request-revision", {"message": "Bluer.", "extraDays": 2}).json()["data"]
    assert sent_back["revisionRequests"][0]["milestoneId"] == str(one.pk)
    assert sent_back["milestones"][0]["dueAt"] == handed_in["milestones"][0]["dueAt"] + 2 * 86_400_000
    doer.post(f"{address}/submit", {"message": "Blue."})
    approved = client.post(f"{address}/approve").json()["data"]
    assert [part["status"] for part in approved["milestones"]] == ["approved", "pending"]
    assert (approved["status"], approved["escrowState"]) == ("in_progress", "funded")
    rest = client.post("/api/payments/create-order", {"orderId": str(order.pk)}).json()["data"]
    assert rest["amount"] == 150_000
    client.post("/api/payments/verify", gateway.pay(rest["razorpayOrderId"], webhook=False))
    doer.post(f"/api/orders/{order.pk}/submit", {"message": "All."})
    done = client.post(f"/api/orders/{order.pk}/approve").json()["data"]
    assert (done["status"], done["escrowState"], done["refundedAmount"]) == ("completed", "released", 0)
    assert (done["platformFee"], done["gst"], done["doerPayout"]) == (25_000, 4_500, 220_500)
    steps = client.get(f"/api/orders/{order.pk}/timeline").json()["data"]
    of_one = [(step["from"], step["to"]) for step in steps if step["milestoneId"] == str(one.pk)]
    assert of_one == [
        (None, "pending"),
        ("pending", "funded"),
        ("funded", "submitted"),
        ("submitted", "funded"),
        ("funded", "submitted"),
        ("submitted", "approved"),
    ]
    of_order = [step["to"] for step in steps if step["milestoneId"] is None]
    assert of_order == ["pending_payment", "in_progress", "completed"]
    assert two.title == done["milestones"][1]["title"]
    lines = doer.get("/api/wallet/transactions").json()["data"]
    assert [(line["amount"], line["orderId"]) for line in lines] == [(132_300, str(order.pk)), (88_200, str(order.pk))]
    earned = doer.get("/api/doers/me/earnings").json()["data"]
    assert (earned["total"], earned["pendingRelease"], earned["completedOrders"]) == (220_500, 0, 1)


def test_a_part_of_what_is_held_is_awaited_by_the_doer(api: Any) -> None:
    order = make_milestone_order(1_005, 1_005, funded=True)
    waiting = api(order.doer).get("/api/wallet/balance").json()["data"]["pending"]
    assert waiting == 2_010 - 201 - 18 - 18
    assert api(order.doer).get("/api/doers/me/earnings").json()["data"]["pendingRelease"] == waiting
    assert api(order.client).get("/api/wallet/balance").json()["data"]["inEscrow"] == 2_010


def test_more_milestones_take_no_more_queries(api: Any) -> None:
    client = make_client()

    def queries() -> int:
        caller = api(client)
        with CaptureQueriesContext(connection) as seen:
            assert caller.get("/api/orders").status_code == 200
        return len(seen)

    make_milestone_order(100_000, 150_000, client=client, funded=True)
    one = queries()
    make_funded_order(client=client)
    for _ in range(3):
        make_milestone_order(*[10_000] * 5, client=client, funded=True)
    assert queries() == one


REFUSED = {
    "orders_milestone_amount_in_range": "amount = 999",
    "orders_milestone_commission_in_range": "commission = amount + 1",
    "orders_milestone_position": "position = 1",
    "orders_milestone_is_known": "status = 'lost', funded_at = khidma_now()",
    "orders_milestone_work_is_funded": "status = 'funded'",
    "orders_milestone_submitted_has_a_clock": "status = 'submitted', funded_at = khidma_now()",
    "orders_milestone_approved_has_a_moment": "status = 'approved', funded_at = khidma_now()",
}


@pytest.mark.parametrize(("constraint", "change"), REFUSED.items())
def test_a_row_that_contradicts_itself_is_refused(constraint: str, change: str) -> None:
    part = first(make_waiting())
    before = Milestone.objects.values().get(pk=part.pk)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE orders_milestone SET {change} WHERE id = %s", [part.pk])  # noqa: S608
    assert Milestone.objects.values().get(pk=part.pk) == before


def test_a_status_is_not_assigned() -> None:
    part = first(make_waiting())
    with pytest.raises(StatusAssigned):
        part.status = "approved"
