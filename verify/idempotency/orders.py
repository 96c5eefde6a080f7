"""Requests about orders, milestones, cancellations and reviews."""

from accounts.tests.factories import make_client, make_doer, make_operator
from orders import services as orders
from orders.models import Order
from orders.tests.factories import (
    make_completed_order,
    make_funded_order,
    make_milestone_order,
    make_submitted_order,
)
from orders.tests.test_cancelling import make_begun_order
from sandbox.testing import StandIn
from trust_safety import services as trust_safety
from verify.idempotency.cases import Body, Case, case


def of_order(order: Order, by: str, path: str, body: Body = None) -> Case:
    user, other = (order.client, make_client()) if by == "client" else (order.doer, make_doer())
    return Case(user, f"/api/orders/{order.pk}{path}", body, other)


@case("POST /api/orders/{orderId}/start")
def start(gateway: StandIn) -> Case:
    order = make_funded_order(kind="on_site", category="cleaning")
    return of_order(order, "doer", "/start", {"code": order.start_code})


@case("POST /api/orders/{orderId}/submit")
def submit(gateway: StandIn) -> Case:
    return of_order(make_funded_order(), "doer", "/submit", {"message": "Here is the work."})


@case("POST /api/orders/{orderId}/request-revision")
def request_revision(gateway: StandIn) -> Case:
    return of_order(make_submitted_order(), "client", "/request-revision", {"message": "More gold.", "extraDays": 1})


@case("POST /api/orders/{orderId}/approve")
def approve(gateway: StandIn) -> Case:
    return of_order(make_submitted_order(), "client", "/approve", {})


@case("POST /api/orders/{orderId}/cancel")
def cancel(gateway: StandIn) -> Case:
    return of_order(make_funded_order(), "client", "/cancel", {"reason": "changed_mind"})


def of_milestone(by: str, path: str, body: Body = None, *, submitted: bool = True) -> Case:
    order = make_milestone_order(funded=True)
    first = order.milestones.order_by("position")[0]
    if submitted:
        orders.submit_milestones(order=order, doer=order.doer, message="The first part.", only=first.pk)
    return of_order(order, by, f"/milestones/{first.pk}{path}", body)


@case("POST /api/orders/{orderId}/milestones/{milestoneId}/submit")
def submit_milestone(gateway: StandIn) -> Case:
    return of_milestone("doer", "/submit", {"message": "The first part."}, submitted=False)


@case("POST /api/orders/{orderId}/milestones/{milestoneId}/request-revision")
def request_milestone_revision(gateway: StandIn) -> Case:
    return of_milestone("client", "/request-revision", {"message": "More gold."})


@case("POST /api/orders/{orderId}/milestones/{milestoneId}/approve")
def approve_milestone(gateway: StandIn) -> Case:
    return of_milestone("client", "/approve", {})


@case("POST /api/admin/orders/{orderId}/refund")
def refund_order(gateway: StandIn) -> Case:
    path = f"/api/admin/orders/{make_funded_order().pk}/refund"
    return Case(make_operator("finance"), path, {"amount": 50_000, "reason": "As agreed."}, make_operator("finance"))


def contestable() -> Order:
    """An order that its client has cancelled by blaming the doer, so that a part of it is kept."""
    order = make_begun_order()
    return orders.cancel_order(order=order, actor=order.client, reason="doer_unreachable")


@case("POST /api/orders/{orderId}/cancellation/contest")
def contest(gateway: StandIn) -> Case:
    return of_order(contestable(), "doer", "/cancellation/contest", {"reason": "I answered every message."})


@case("POST /api/admin/cancellations/{cancellationId}/resolve")
def resolve(gateway: StandIn) -> Case:
    order = contestable()
    trust_safety.contest_cancellation(order=order, party=order.doer, reason="I answered every message.")
    path = f"/api/admin/cancellations/{order.cancellation.pk}/resolve"
    body = {"fault": "client", "reason": "The messages show that the doer answered."}
    return Case(make_operator("trust"), path, body, make_operator("trust"))


@case("POST /api/reviews")
def review(gateway: StandIn) -> Case:
    order = make_completed_order()
    body = {"orderId": str(order.pk), "rating": 5, "comment": "Good work."}
    return Case(order.client, "/api/reviews", body, make_client())


@case("POST /api/reviews/{reviewId}/reply")
def reply(gateway: StandIn) -> Case:
    order = make_completed_order()
    written = orders.write_review(order=order, author=order.client, rating=4)
    orders.write_review(order=order, author=order.doer, rating=5)
    return Case(order.doer, f"/api/reviews/{written.pk}/reply", {"text": "Thank you."}, make_doer())
