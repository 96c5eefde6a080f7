"""Who gets what from each address of orders; a refusal changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator
from gigs.tests.factories import make_application
from orders.models import Order
from orders.selectors import money_of
from orders.tests.evidence import nothing_changes
from orders.tests.factories import make_completed_order, make_funded_order, make_order, make_submitted_order
from payments.services import open_gateway_order

pytestmark = pytest.mark.django_db

ON_SITE: dict[str, Any] = {"kind": "on_site", "category": "cleaning"}
ACTORS = ["anonymous", "stranger", "operator", "client", "doer"]

# Address, how its order was made, body, and the answers to the five actors in this order.
TABLE: list[tuple[str, str, Callable[[], Order], Any, list[int]]] = [
    ("GET", "/api/orders/{id}", make_order, None, [401, 404, 404, 200, 200]),
    ("GET", "/api/orders/{id}/timeline", make_order, None, [401, 404, 404, 200, 200]),
    ("POST", "/api/orders/{id}/submit", make_funded_order, {"message": "Done."}, [401, 404, 404, 403, 200]),
    ("POST", "/api/orders/{id}/request-revision", make_submitted_order, {"message": "Hm."}, [401, 404, 404, 200, 403]),
    ("POST", "/api/orders/{id}/approve", make_submitted_order, None, [401, 404, 404, 200, 403]),
    ("POST", "/api/orders/{id}/cancel", make_order, {"reason": "other"}, [401, 404, 404, 200, 200]),
    ("POST", "/api/orders/{id}/cancel", make_funded_order, {"reason": "other"}, [401, 404, 404, 200, 200]),
    ("POST", "/api/orders/{id}/cancel", make_submitted_order, {"reason": "other"}, [401, 404, 404, 409, 409]),
    ("GET", "/api/orders/{id}/cancellation-quote", make_funded_order, None, [401, 404, 404, 200, 200]),
    ("GET", "/api/orders/{id}/cancellation-quote", make_submitted_order, None, [401, 404, 404, 409, 409]),
    ("POST", "/api/orders/{id}/approve", make_completed_order, None, [401, 404, 404, 409, 403]),
]


def people(order: Order) -> dict[str, User | None]:
    return {
        "anonymous": None,
        "stranger": make_client(),
        "operator": make_operator("support"),
        "client": order.client,
        "doer": order.doer,
    }


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize(("method", "path", "make", "body", "expected"), TABLE)
def test_each_actor_gets_what_the_table_says(
    api: Any, method: str, path: str, make: Callable[[], Order], body: Any, expected: list[int], actor: str
) -> None:
    order = make()
    client = api(people(order)[actor])
    call = client.get if method == "GET" else lambda address: client.post(address, body)
    status = expected[ACTORS.index(actor)]
    if status >= 400:
        with nothing_changes():
            answer = call(path.format(id=order.pk))
    else:
        answer = call(path.format(id=order.pk))
    assert answer.status_code == status, answer.json()


@pytest.mark.parametrize(("actor", "status"), list(zip(ACTORS, [401, 404, 404, 403, 200], strict=True)))
def test_who_may_start_work_on_site(api: Any, actor: str, status: int) -> None:
    order = make_funded_order(**ON_SITE)
    answer = api(people(order)[actor]).post(f"/api/orders/{order.pk}/start", {"code": order.start_code})
    assert answer.status_code == status
    order.refresh_from_db()
    assert (order.started_at is not None) == (status == 200)


@pytest.mark.parametrize(("actor", "status"), list(zip(ACTORS, [401, 404, 404, 201, 403], strict=True)))
def test_who_may_accept_an_application(api: Any, gateway: Any, actor: str, status: int) -> None:
    application = make_application()
    persons = {
        "anonymous": None,
        "stranger": make_client(),
        "operator": make_operator("support"),
        "client": application.gig.client,
        "doer": application.doer,
    }
    answer = api(persons[actor]).post(f"/api/applications/{application.pk}/accept")
    assert answer.status_code == status
    assert Order.objects.count() == (1 if status == 201 else 0)


@pytest.mark.parametrize(("actor", "status"), list(zip(ACTORS, [401, 404, 404, 200, 403], strict=True)))
def test_who_may_ask_to_pay(api: Any, gateway: Any, actor: str, status: int) -> None:
    order = make_order()
    answer = api(people(order)[actor]).post("/api/payments/create-order", {"orderId": str(order.pk)})
    assert answer.status_code == status


@pytest.mark.parametrize(("actor", "status"), list(zip(ACTORS, [401, 404, 404, 200, 403], strict=True)))
def test_who_may_verify_a_payment(api: Any, gateway: Any, actor: str, status: int) -> None:
    order = make_order()
    payment = open_gateway_order(payment_id=money_of([order])[order.pk].due.pk)
    handed = gateway.pay(payment.gateway_order_id, webhook=False)
    answer = api(people(order)[actor]).post("/api/payments/verify", handed)
    assert answer.status_code == status
    order.refresh_from_db()
    assert order.status == ("in_progress" if status == 200 else "pending_payment")


def test_everybody_lists_their_own_orders_only(api: Any) -> None:
    order = make_order()
    assert api().get("/api/orders").status_code == 401
    for user in (make_client(), make_doer(), make_operator("support")):
        assert api(user).get("/api/orders").json()["data"] == []
    for user in (order.client, order.doer):
        assert [row["id"] for row in api(user).get("/api/orders").json()["data"]] == [str(order.pk)]


def test_a_missing_order_and_a_strangers_order_look_the_same(api: Any) -> None:
    order, stranger = make_order(), make_client()
    seen = [
        api(stranger).get(f"/api/orders/{key}").json()["error"] | {"requestId": ""}
        for key in (order.pk, "018f0000-0000-7000-8000-000000000000")
    ]
    assert seen[0] == seen[1]
