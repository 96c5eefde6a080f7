"""Cancelling over HTTP: shapes, bad bodies, and quotes that are per caller."""

from typing import Any

import pytest

from orders.models import Cancellation
from orders.tests.evidence import nothing_changes
from orders.tests.factories import make_funded_order, make_order
from orders.tests.test_cancelling import make_begun_order

pytestmark = pytest.mark.django_db


def test_a_quote_over_http(api: Any) -> None:
    order = make_begun_order(amount=300_000)
    answer = api(order.client).get(f"/api/orders/{order.pk}/cancellation-quote?reason=changed_mind")
    assert answer.status_code == 200
    quote = answer.json()["data"]
    assert set(quote) == {"id", "clientRefund", "doerAmount", "fee", "fault", "policyVersion", "expiresAt"}
    assert (quote["clientRefund"], quote["fee"], quote["fault"]) == (225_000, 8_850, "client")
    assert quote["clientRefund"] + quote["doerAmount"] + quote["fee"] == 300_000
    assert quote["policyVersion"] == order.policy_version


def test_a_quote_without_a_reason_is_for_other(api: Any) -> None:
    order = make_begun_order(amount=300_000)
    path = f"/api/orders/{order.pk}/cancellation-quote"
    assert api(order.client).get(path).json()["data"]["fault"] == "client"
    assert api(order.doer).get(path).json()["data"]["fault"] == "doer"


@pytest.mark.parametrize("reason", ["unpaid", "silent", "rain"])
def test_unknown_reasons_are_refused(api: Any, reason: str) -> None:
    order = make_funded_order()
    client = api(order.client)
    with nothing_changes():
        quoted = client.get(f"/api/orders/{order.pk}/cancellation-quote?reason={reason}")
        cancelled = client.post(f"/api/orders/{order.pk}/cancel", {"reason": reason})
    assert cancelled.status_code == 400
    assert quoted.status_code == 400
    assert quoted.json()["error"]["code"] == cancelled.json()["error"]["code"] == "validation_error"


def test_quote_then_cancel(api: Any) -> None:
    order = make_begun_order(amount=300_000)
    client = api(order.client)
    quote = client.get(f"/api/orders/{order.pk}/cancellation-quote?reason=changed_mind").json()["data"]
    body = {"reason": "changed_mind", "comment": "No need any more.", "quoteId": quote["id"]}
    answer = client.post(f"/api/orders/{order.pk}/cancel", body)
    assert answer.status_code == 200
    shown = answer.json()["data"]
    assert (shown["status"], shown["escrowState"], shown["cancelReason"]) == ("cancelled", "released", "changed_mind")
    assert (shown["refundedAmount"], shown["cancellationFault"]) == (225_000, "client")
    assert (shown["doerPayout"], shown["platformFee"] + shown["gst"] + shown["tds"]) == (
        quote["doerAmount"],
        quote["fee"],
    )
    assert Cancellation.objects.get(order=order).comment == "No need any more."


def test_while_it_can_be_contested_the_order_shows_what_each_side_gets(api: Any) -> None:
    order = make_begun_order(amount=300_000)
    answer = api(order.client).post(f"/api/orders/{order.pk}/cancel", {"reason": "doer_unreachable"})
    shown = answer.json()["data"]
    assert (shown["status"], shown["escrowState"], shown["cancellationFault"]) == ("cancelled", "funded", "doer")
    assert (shown["refundedAmount"], shown["doerPayout"]) == (225_000, 0)


def test_a_quote_of_the_other_side_is_none_of_ones_own(api: Any) -> None:
    order = make_begun_order()
    quote = api(order.doer).get(f"/api/orders/{order.pk}/cancellation-quote").json()["data"]
    with nothing_changes():
        answer = api(order.client).post(f"/api/orders/{order.pk}/cancel", {"reason": "other", "quoteId": quote["id"]})
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["quoteId"])


def test_a_changed_quote_over_http(api: Any) -> None:
    order = make_begun_order(amount=300_000)
    client = api(order.client)
    quote = client.get(f"/api/orders/{order.pk}/cancellation-quote?reason=doer_unreachable").json()["data"]
    with nothing_changes():
        answer = client.post(f"/api/orders/{order.pk}/cancel", {"reason": "changed_mind", "quoteId": quote["id"]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "quote_changed")
    assert answer.json()["error"]["details"] == {
        "clientRefund": 225_000,
        "doerAmount": 66_150,
        "fee": 8_850,
        "fault": "client",
    }


def test_an_order_that_was_not_cancelled_shows_no_fault(api: Any) -> None:
    order = make_order()
    assert api(order.client).get(f"/api/orders/{order.pk}").json()["data"]["cancellationFault"] is None
