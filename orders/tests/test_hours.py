"""Orders by the hour: what was worked is paid, the rest goes back, and nothing is lost between them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from gigs.tests.factories import make_application, make_gig
from khidma.kernel.clock import now
from khidma.kernel.errors import Invalid
from khidma.kernel.runtime import change
from orders import services, tasks
from orders.errors import OrderAmountTooSmall
from orders.models import Order
from orders.selectors import money_of
from orders.tests.evidence import nothing_changes
from orders.tests.factories import make_funded_order, make_hourly_order, make_order
from payments.models import Entry, Escrow, Payment, Refund
from payments.runtime import PaymentSettings
from payments.tests.factories import balance

pytestmark = pytest.mark.django_db


def submit(order: Order, minutes: int | None, **over: Any) -> Order:
    return services.submit_work(
        order=order, doer=order.doer, message="Here are my hours.", minutes_worked=minutes, **over
    )


def test_rate_times_hours_is_what_the_escrow_asks_for() -> None:
    order = make_order(amount=33_333, bid={"agreed_hours": 7}, budget_type="hourly")
    assert (order.rate, order.agreed_hours, order.amount, order.minutes_worked) == (33_333, 7, 233_331, None)
    assert Escrow.objects.get(reference=order.pk).amount == Payment.objects.get().amount == 233_331


# Rate in paise per hour, agreed hours, minutes worked; then the doer's gross part, commission, GST on it, and the rest.
WORKED = [
    (30_000, 10, 600, 300_000, 30_000, 5_400, 0),
    (30_000, 10, 300, 150_000, 15_000, 2_700, 150_000),
    (33_333, 7, 61, 33_889, 3_389, 610, 199_442),  # 33 888.55
    (10_001, 3, 90, 15_002, 1_500, 270, 15_001),  # 15 001.5, half up
    (10_001, 3, 30, 5_001, 500, 90, 25_002),  # 5 000.5, half up
    (77_777, 1, 1, 1_296, 130, 23, 76_481),  # 1 296.28
    (6_000, 1, 59, 5_900, 590, 106, 100),  # a rest of exactly ₹1 goes back
    (5_940, 1, 59, 5_940, 594, 107, 0),  # 99 paise are too little to go back
    (1, 1_000, 1, 0, 0, 0, 1_000),  # a sixtieth of a paisa is nothing
]


@pytest.mark.parametrize(("rate", "hours", "minutes", "gross", "fee", "gst", "rest"), WORKED)
@pytest.mark.parametrize("by_clock", [False, True])
def test_what_was_worked_is_paid_and_the_rest_goes_back(
    rate: int, hours: int, minutes: int, gross: int, fee: int, gst: int, rest: int, by_clock: bool
) -> None:
    order = submit(make_hourly_order(rate=rate, hours=hours), minutes)
    if by_clock:
        Order.objects.filter(pk=order.pk).update(auto_approve_at=now() - timedelta(minutes=1))
        assert tasks.approve_unanswered_work() == 1
    else:
        services.approve_work(order=order, client=order.client)
    order.refresh_from_db()
    escrow = Escrow.objects.get(reference=order.pk)
    assert (order.status, escrow.status) == ("completed", "decided")
    assert (escrow.payee_gross, escrow.platform_fee, escrow.gst, escrow.refunded) == (gross, fee, gst, rest)
    assert escrow.payee_net == balance("wallet", order.doer_id) == gross - fee - gst
    assert gross + rest == order.amount
    assert balance("escrow", escrow.pk) == 0
    assert sum(Refund.objects.values_list("amount", flat=True)) == rest
    assert sum(Entry.objects.values_list("amount", flat=True)) == 0
    money = money_of([order])[order.pk]
    assert (money.refunded_amount, money.platform_fee, money.gst) == (rest, fee, gst)
    assert money.escrow_state == ("released" if gross else "refunded")


@pytest.mark.parametrize("minutes", [None, 0, -1, 601])
def test_minutes_that_do_not_fit_are_refused(minutes: int | None) -> None:
    order = make_hourly_order(hours=10)
    with nothing_changes(), pytest.raises(Invalid) as refusal:
        submit(order, minutes)
    assert list(refusal.value.details) == ["minutesWorked"]


def test_other_work_has_no_minutes() -> None:
    order = make_funded_order()
    with nothing_changes(), pytest.raises(Invalid):
        submit(order, 60)


def test_the_hours_of_the_last_version_count() -> None:
    order = submit(make_hourly_order(rate=30_000, hours=10), 600)
    order = services.request_revision(order=order, client=order.client, message="You were here for half a day.")
    order = submit(order, 240)
    services.approve_work(order=order, client=order.client)
    assert Escrow.objects.get(reference=order.pk).payee_gross == 120_000
    assert list(order.deliverables.order_by("id").values_list("minutes_worked", flat=True)) == [600, 240]


def test_the_whole_amount_counts_for_the_smallest_order() -> None:
    change(PaymentSettings, {"minimum_order": 50_000})
    enough = make_application(gig=make_gig(budget_type="hourly"), proposed_amount=5_000, agreed_hours=10)
    less = make_application(gig=make_gig(budget_type="hourly"), proposed_amount=5_000, agreed_hours=9)
    assert services.accept_application(application=enough, client=enough.gig.client).amount == 50_000
    with nothing_changes(), pytest.raises(OrderAmountTooSmall) as refusal:
        services.accept_application(application=less, client=less.gig.client)
    assert refusal.value.details == {"minimum": 50_000, "amount": 45_000}


def test_the_database_keeps_minutes_within_the_hours() -> None:
    order = make_hourly_order(hours=10)
    with (
        pytest.raises(IntegrityError, match="orders_minutes_within_hours"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE orders_order SET minutes_worked = 601 WHERE id = %s", [order.pk])


def test_an_hourly_order_over_http(api: Any) -> None:
    order = make_hourly_order(rate=33_333, hours=3)
    address = f"/api/orders/{order.pk}"
    for bad in ({}, {"minutesWorked": 181}, {"minutesWorked": 0}, {"minutesWorked": 1.5}, {"minutesWorked": "60"}):
        with nothing_changes():
            answer = api(order.doer).post(f"{address}/submit", {"message": "My hours.", **bad})
        assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["minutesWorked"])
    shown = api(order.doer).post(f"{address}/submit", {"message": "My hours.", "minutesWorked": 100}).json()["data"]
    assert (shown["rate"], shown["agreedHours"], shown["minutesWorked"]) == (33_333, 3, 100)
    approved = api(order.client).post(f"{address}/approve").json()["data"]
    assert (approved["status"], approved["escrowState"]) == ("completed", "released")
    assert (approved["amount"], approved["refundedAmount"]) == (99_999, 44_444)
    assert approved["doerPayout"] + approved["platformFee"] + approved["gst"] + approved["refundedAmount"] == 99_999
