"""Files that are handed in with work: the doer's own, seen by both sides of the order."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_client, make_doer
from khidma.media.tests.factories import make_file
from orders.models import Deliverable
from orders.services import submit_work
from orders.tests.factories import make_funded_order, make_milestone_order

pytestmark = pytest.mark.django_db


def test_work_shows_its_files_to_both_sides_alone(api: Any) -> None:
    order = make_funded_order()
    file = make_file(order.doer, "image")
    body = {"message": "Done.", "attachments": [str(file.pk)]}
    answer = api(order.doer).post(f"/api/orders/{order.pk}/submit", body)
    assert answer.status_code == 200, answer.content
    (work,) = api(order.client).get(f"/api/orders/{order.pk}").json()["data"]["deliverables"]
    assert [(one["id"], one["kind"]) for one in work["attachments"]] == [(str(file.pk), "image")]
    assert "signature=" in work["attachments"][0]["url"]
    assert api(order.client).get(f"/api/media/{file.pk}").status_code == 200
    assert api(make_client()).get(f"/api/media/{file.pk}").status_code == 404


def test_work_with_a_file_of_somebody_else_is_not_taken(api: Any) -> None:
    order = make_funded_order()
    for owner in (order.client, make_doer()):
        body = {"message": "Done.", "attachments": [str(make_file(owner).pk)]}
        answer = api(order.doer).post(f"/api/orders/{order.pk}/submit", body)
        assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["attachments"])
    assert not Deliverable.objects.exists()
    order.refresh_from_db()
    assert order.status == "in_progress"


def test_every_milestone_that_is_handed_in_shows_the_files(api: Any) -> None:
    order = make_milestone_order(100_000, 200_000, funded=True)
    file = make_file(order.doer)
    submit_work(order=order, doer=order.doer, message="Both.", attachments=[file.pk])
    shown = api(order.client).get(f"/api/orders/{order.pk}").json()["data"]["deliverables"]
    assert [[one["id"] for one in work["attachments"]] for work in shown] == [[str(file.pk)]] * 2


def test_the_list_of_orders_asks_for_files_no_more_often_when_there_are_more(api: Any) -> None:
    client = make_client()
    caller = api(client)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert caller.get("/api/orders").status_code == 200
        return len(queries)

    def one_more() -> None:
        order = make_funded_order(client=client)
        submit_work(order=order, doer=order.doer, message="Done.", attachments=[make_file(order.doer).pk])

    one_more()
    first = asked()
    one_more()
    one_more()
    assert asked() == first
