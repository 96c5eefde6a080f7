"""The page for a person: pay, fail, see the result."""

import pytest

from sandbox.checkout import rupees
from sandbox.tests.driver import Gateway


@pytest.mark.parametrize(
    ("paise", "text"),
    [(100, "₹1.00"), (99_999, "₹999.99"), (12_345_600, "₹1,23,456.00"), (100_000_000, "₹10,00,000.00")],
)
def test_rupees_are_written_as_in_india(paise: int, text: str) -> None:
    assert rupees(paise) == text


def test_a_person_fails_once_and_then_pays(gateway: Gateway) -> None:
    order = gateway.order(12_345_600, receipt="<b>17</b>")
    page = gateway.http.get(f"/checkout/{order['id']}")
    assert page.status_code == 200
    assert "₹1,23,456.00" in page.text
    assert "<b>17" not in page.text
    assert 'name="viewport"' in page.text
    assert "prefers-color-scheme: dark" in page.text

    failed = gateway.http.post(f"/checkout/{order['id']}", data={"outcome": "failure"}, follow_redirects=True)
    assert "Payment failed" in failed.text
    assert 'value="success"' in failed.text

    form = {"outcome": "success", "method": "card"}
    paid = gateway.http.post(f"/checkout/{order['id']}", data=form, follow_redirects=True)
    assert "Paid." in paid.text
    assert 'value="success"' not in paid.text
    payment = gateway.sdk.order.payments(order["id"])["items"][0]
    assert (payment["status"], payment["method"]) == ("captured", "card")
    assert payment["id"] in paid.text

    again = gateway.http.post(f"/checkout/{order['id']}", data=form, follow_redirects=True)
    assert "This order is paid." in again.text
    assert gateway.ledger()["totals"]["captured"] == 12_345_600


def test_there_is_nothing_to_pay_for_an_unknown_order(gateway: Gateway) -> None:
    page = gateway.http.get("/checkout/order_00000000000000")
    assert page.status_code == 404
    assert "no such order" in page.text


def test_the_front_page_lists_orders_with_their_pages(gateway: Gateway) -> None:
    assert "No order has come in yet." in gateway.http.get("/").text
    order = gateway.order(12_345_600, receipt="<i>r</i>")
    page = gateway.http.get("/").text
    assert f'href="/checkout/{order["id"]}"' in page
    assert "<i>" not in page
