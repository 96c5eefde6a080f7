"""Boosts: bought, paid by whoever tells first, shown first by the clock, and given back where they cannot be shown."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator
from gigs import tasks as gig_clocks
from gigs.models import Gig
from gigs.selectors import DEFAULT_ORDER, GigFilters, first_of, list_gigs_for
from gigs.services import cancel_gig, close_gig, remove_gig, reopen_gig
from gigs.tests.factories import make_gig
from khidma.kernel.clock import now
from khidma.kernel.ids import new_id
from khidma.kernel.outbox import deliver_due
from khidma.kernel.runtime import change
from orders import services, tasks
from orders.models import Boost
from orders.runtime import BoostSettings
from orders.tests.evidence import announced, nothing_changes
from payments.models import Account, Capture, Payment, Refund, Sale, Transfer
from payments.providers.gateway import OrderSighting
from payments.services import open_gateway_order, record_sighting, refunds_due, send_refund
from payments.services.paying import adopt_order
from payments.tests.factories import balance, books, captured, gateway_id

pytestmark = pytest.mark.django_db

ACTORS = ["anonymous", "stranger", "operator", "doer", "owner"]
PRICE, GST = 9_900, 1_510
"""Three days, and the 18 % inside: 9 900 × 18 / 118, half up."""


def ordered(gig: Gig, days: int = 3) -> Payment:
    """A boost whose order stands at the gateway, without a gateway to ask."""
    payment = services.prepare_boost(gig=gig, client=gig.client, days=days)
    if payment.gateway_order_id:
        return payment
    order = OrderSighting(gateway_id("order"), str(payment.pk), payment.amount, "INR", "created")
    return adopt_order(payment_id=payment.pk, order=order)


def pay(gig: Gig, days: int = 3) -> Boost:
    """Buy so many days and pay for them; orders hears of it as it hears of a webhook."""
    payment = ordered(gig, days)
    record_sighting(payment_id=payment.pk, sighting=captured(payment, fee=None, fee_tax=None))
    deliver_due()
    gig.refresh_from_db()
    return Boost.objects.get(pk=payment.sale.reference)


def people(gig: Gig) -> dict[str, User | None]:
    return {
        "anonymous": None,
        "stranger": make_client(),
        "operator": make_operator("finance"),
        "doer": make_doer(),
        "owner": gig.client,
    }


def listed(api: Any, **query: Any) -> list[tuple[str, bool]]:
    return [(row["title"], row["isBoosted"]) for row in api().get("/api/gigs", query).json()["data"]]


# Buying


@pytest.mark.parametrize(("actor", "status"), list(zip(ACTORS, [401, 404, 404, 404, 200], strict=True)))
def test_who_may_boost(api: Any, gateway: Any, actor: str, status: int) -> None:
    gig = make_gig()
    client = api(people(gig)[actor])
    if status == 200:
        shown = client.post(f"/api/gigs/{gig.pk}/boost", {"days": 3}).json()["data"]
        payment = Payment.objects.get()
        assert (shown["paymentId"], shown["gigId"], shown["amount"]) == (str(payment.pk), str(gig.pk), PRICE)
        assert (shown["razorpayOrderId"], shown["currency"]) == (payment.gateway_order_id, "INR")
        assert set(shown["prefill"]) == {"name", "email", "contact"}
    else:
        with nothing_changes():
            answer = client.post(f"/api/gigs/{gig.pk}/boost", {"days": 3})
        assert answer.status_code == status


@pytest.mark.parametrize("days", [0, 2, 8, -1, "3", True, 3.0, None])
def test_only_so_many_days_are_sold(api: Any, days: Any) -> None:
    gig = make_gig()
    with nothing_changes():
        answer = api(gig.client).post(f"/api/gigs/{gig.pk}/boost", {"days": days})
    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["days"])


def test_only_an_open_gig_is_boosted(api: Any) -> None:
    draft, closed, cancelled = make_gig(status="draft"), make_gig(), make_gig()
    close_gig(gig=closed, client=closed.client)
    cancel_gig(gig=cancelled, by=cancelled.client, reason="No.")
    for gig in (draft, closed, cancelled):
        with nothing_changes():
            answer = api(gig.client).post(f"/api/gigs/{gig.pk}/boost", {"days": 1})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "gig_not_open")


def test_asking_again_gives_the_same_payment_and_another_wish_replaces_it() -> None:
    gig = make_gig()
    first = services.prepare_boost(gig=gig, client=gig.client, days=3)
    with nothing_changes():
        assert services.prepare_boost(gig=gig, client=gig.client, days=3) == first
    other = services.prepare_boost(gig=gig, client=gig.client, days=7)
    assert other != first
    assert [boost.status for boost in Boost.objects.order_by("id")] == ["abandoned", "awaiting_payment"]
    assert Sale.objects.get(payment=first).status == "abandoned"


def test_the_price_is_a_setting() -> None:
    change(BoostSettings, {"price_7_days": 50_000})
    gig = make_gig()
    assert services.prepare_boost(gig=gig, client=gig.client, days=7).amount == 50_000
    assert services.prepare_boost(gig=gig, client=gig.client, days=1).amount == 4_900


# Paying


def test_a_paid_boost_is_income_with_the_tax_inside() -> None:
    gig = make_gig()
    boost = pay(gig)
    assert (balance("boost_income"), balance("gst_payable"), balance("gateway")) == (PRICE - GST, GST, PRICE)
    assert Transfer.objects.get().key.startswith("capture:pay_")
    assert boost.status == "shown"
    assert boost.starts_at is not None
    assert boost.ends_at == boost.starts_at + timedelta(days=3) == gig.boosted_until
    assert gig.is_boosted
    assert announced("BoostShown")[0]["gig_id"] == str(gig.pk)


def test_a_live_boost_is_extended() -> None:
    gig = make_gig()
    first, second = pay(gig, 1), pay(gig, 7)
    assert second.starts_at == first.ends_at
    assert gig.boosted_until == second.ends_at


def test_verify_shows_the_gig_first_at_once(api: Any, gateway: Any) -> None:
    gig = make_gig()
    client = api(gig.client)
    due = client.post(f"/api/gigs/{gig.pk}/boost", {"days": 3}).json()["data"]
    handed = gateway.pay(due["razorpayOrderId"], webhook=False)
    answer = client.post("/api/payments/verify", handed)
    assert answer.status_code == 200
    shown = answer.json()["data"]
    assert shown["order"] is None
    payment = shown["payment"]
    assert (payment["status"], payment["purpose"], payment["gigId"]) == ("captured", "boost", str(gig.pk))
    assert (payment["orderId"], payment["milestoneId"]) == (None, None)
    gig.refresh_from_db()
    assert gig.is_boosted
    before = books()
    assert client.post("/api/payments/verify", handed).status_code == 200
    deliver_due()
    assert books() == before
    assert Capture.objects.count() == 1
    listed_payments = client.get("/api/payments").json()["data"]
    assert [row["gigId"] for row in listed_payments] == [str(gig.pk)]


@pytest.mark.parametrize(("actor", "status"), list(zip(ACTORS, [401, 404, 404, 404, 200], strict=True)))
def test_who_may_verify_the_payment_of_a_boost(api: Any, gateway: Any, actor: str, status: int) -> None:
    gig = make_gig()
    payment = open_gateway_order(payment_id=services.prepare_boost(gig=gig, client=gig.client, days=1).pk)
    handed = gateway.pay(payment.gateway_order_id, webhook=False)
    assert api(people(gig)[actor]).post("/api/payments/verify", handed).status_code == status
    gig.refresh_from_db()
    assert gig.is_boosted == (status == 200)


def test_paid_twice_the_second_goes_back() -> None:
    gig = make_gig()
    payment = ordered(gig)
    for _ in range(2):
        record_sighting(payment_id=payment.pk, sighting=captured(payment))
    deliver_due()
    assert Refund.objects.get().amount == PRICE
    assert (balance("refund_pending", payment.pk), balance("boost_income")) == (PRICE, PRICE - GST)
    assert Boost.objects.get().status == "shown"


def test_other_money_than_asked_for_is_set_aside() -> None:
    gig = make_gig()
    payment = ordered(gig)
    sighting = captured(payment, amount=PRICE - 1)
    record_sighting(payment_id=payment.pk, sighting=sighting)
    assert balance("suspense", Capture.objects.get().pk) == PRICE - 1
    assert (Boost.objects.get().status, balance("boost_income")) == ("awaiting_payment", 0)


def closed(gig: Gig) -> None:
    close_gig(gig=gig, client=gig.client)


def cancelled(gig: Gig) -> None:
    cancel_gig(gig=gig, by=gig.client, reason="No.")


def deleted(gig: Gig) -> None:
    remove_gig(gig=gig, client=gig.client)


@pytest.mark.parametrize("end", [closed, cancelled, deleted])
def test_money_for_a_gig_that_is_not_open_any_more_goes_back_by_itself(end: Any) -> None:
    gig = make_gig()
    payment = ordered(gig)
    end(gig)
    record_sighting(payment_id=payment.pk, sighting=captured(payment, fee=None, fee_tax=None))
    deliver_due()
    gig.refresh_from_db()
    assert (Boost.objects.get().status, Sale.objects.get().status, gig.is_boosted) == ("returned", "returned", False)
    assert (balance("boost_income"), balance("gst_payable"), balance("refund_pending", payment.pk)) == (0, 0, PRICE)
    refund = Refund.objects.get()
    assert Transfer.objects.get(kind="return").key == f"return:{refund.pk}"
    assert announced("BoostReturned")[0]["returned"] == PRICE
    deliver_due()
    assert Refund.objects.count() == 1


def test_the_refund_is_sent_and_processed(gateway: Any) -> None:
    other = make_gig()
    for gig in (other, make_gig()):  # the other payment pays the gateway's fee on this one
        payment = open_gateway_order(payment_id=services.prepare_boost(gig=gig, client=gig.client, days=7).pk)
        if gig != other:
            closed(gig)
        handed = gateway.pay(payment.gateway_order_id, webhook=False)
        services.verify_payment(
            payment=payment,
            client=gig.client,
            gateway_payment_id=handed["razorpay_payment_id"],
            signature=handed["razorpay_signature"],
        )
    for refund_id in refunds_due():
        send_refund(refund_id=refund_id)
    payment.refresh_from_db()
    assert (payment.status, Refund.objects.get().status) == ("refunded", "processed")
    assert balance("refund_pending", payment.pk) == 0


def test_what_was_not_paid_in_time_is_given_up_and_late_money_goes_back() -> None:
    gig = make_gig()
    payment = ordered(gig)
    with nothing_changes():
        assert tasks.expire_unpaid_boosts() == 0
    Boost.objects.update(unpaid_due_at=now() - timedelta(minutes=1))
    assert tasks.expire_unpaid_boosts() == 1
    assert (Boost.objects.get().status, Sale.objects.get().status) == ("abandoned", "abandoned")
    record_sighting(payment_id=payment.pk, sighting=captured(payment))
    deliver_due()
    assert (Refund.objects.get().amount, Refund.objects.get().reason) == (PRICE, "late")
    assert (balance("boost_income"), balance("refund_pending", payment.pk)) == (0, PRICE)


def test_money_that_came_just_before_the_time_was_over_is_shown() -> None:
    gig = make_gig()
    payment = ordered(gig)
    record_sighting(payment_id=payment.pk, sighting=captured(payment))  # nobody has told orders of it yet
    Boost.objects.update(unpaid_due_at=now() - timedelta(minutes=1))
    assert tasks.expire_unpaid_boosts() == 1
    assert Boost.objects.get().status == "shown"
    payment = services.prepare_boost(gig=gig, client=gig.client, days=3)
    assert payment.status == "created"


# Given back


def test_a_gig_that_we_take_down_gives_back_the_whole_days_not_shown() -> None:
    gig = make_gig()
    boost, later = pay(gig, 7), pay(gig, 3)
    Boost.objects.filter(pk=boost.pk).update(
        starts_at=now() - timedelta(days=2, hours=1), ends_at=now() + timedelta(days=4, hours=23)
    )
    cancel_gig(gig=gig, by=make_operator("trust"), role="operator", reason="Against the rules.")
    deliver_due()
    week, days = 19_900, PRICE
    back = sorted(Refund.objects.values_list("amount", flat=True))
    assert back == sorted([(2 * week * 4 + 7) // 14, days])
    gig.refresh_from_db()
    assert (gig.is_boosted, gig.boosted_until) == (False, None)
    assert set(Boost.objects.values_list("status", flat=True)) == {"returned"}
    assert later.amount == days
    income = balance("boost_income") + balance("gst_payable")
    pending = sum(Account.objects.filter(kind="refund_pending").values_list("balance", flat=True))
    assert (income, pending) == (week + days - sum(back), sum(back))
    assert balance("gst_payable") == pytest.approx(income * 18 / 118, abs=2)


@pytest.mark.parametrize(("returns", "refunds"), [(False, 0), (True, 1)])
def test_an_owner_who_gives_up_gets_nothing_unless_the_settings_say_so(returns: bool, refunds: int) -> None:
    change(BoostSettings, {"returns_to_owners": returns})
    gig = make_gig()
    pay(gig, 7)
    cancelled(gig)
    deliver_due()
    assert Refund.objects.count() == refunds


def test_a_boost_that_is_over_gives_nothing_back() -> None:
    gig = make_gig()
    boost = pay(gig)
    moment = now()
    Boost.objects.filter(pk=boost.pk).update(starts_at=moment - timedelta(days=4), ends_at=moment - timedelta(days=1))
    cancel_gig(gig=gig, by=make_operator("trust"), role="operator", reason="Against the rules.")
    deliver_due()
    assert not Refund.objects.exists()


# The list


def test_boosted_gigs_come_first_until_the_minute_they_end(api: Any) -> None:
    old, middle = make_gig(title="The old one"), make_gig(title="The middle one")
    make_gig(title="The new one")
    pay(old)
    assert listed(api) == [("The old one", True), ("The new one", False), ("The middle one", False)]
    assert [title for title, _ in listed(api, sortBy="createdAt")] == ["The new one", "The middle one", "The old one"]
    Gig.objects.filter(pk=old.pk).update(boosted_until=now() - timedelta(seconds=1))  # no clock has looked at it yet
    assert listed(api) == [("The new one", False), ("The middle one", False), ("The old one", False)]
    shown = api().get(f"/api/gigs/{old.pk}").json()["data"]
    assert (shown["isBoosted"], shown["boostedUntil"]) == (False, None)
    assert gig_clocks.forget_ended_boosts() == 1
    assert middle.is_boosted is False


@pytest.mark.parametrize("limit", [1, 2, 3, 20])
def test_pages_and_cursors_show_each_gig_once_in_this_order(api: Any, limit: int) -> None:
    gigs = [make_gig(title=f"Gig number {number}") for number in range(7)]
    moments: dict[int, datetime] = {1: now() + timedelta(days=1), 4: now() + timedelta(days=1), 5: now()}
    for number, until in moments.items():
        Gig.objects.filter(pk=gigs[number].pk).update(is_boosted=True, boosted_until=until)
    wanted = [f"Gig number {number}" for number in (4, 1, 6, 5, 3, 2, 0)]
    pages: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = api().get("/api/gigs", {"limit": limit, "cursor": cursor} if cursor else {"limit": limit}).json()
        pages += [row["title"] for row in answer["data"]]
        assert answer["pagination"]["total"] == 7 or cursor
        cursor = answer["pagination"]["nextCursor"]
    assert pages == wanted
    numbered = [
        row["title"]
        for page in range(1, 8)
        for row in api().get("/api/gigs", {"limit": limit, "page": page}).json()["data"]
    ]
    assert numbered == wanted


def test_the_list_is_found_by_indexes_and_sorts_few() -> None:
    client = make_client()
    gig = make_gig(client=client)
    with connection.cursor() as cursor:
        for easier_way in ("seqscan", "bitmapscan", "sort"):  # which a table of one row always suggests
            cursor.execute(f"SET LOCAL enable_{easier_way} = off")
    rows = first_of(list_gigs_for(None, GigFilters()), 21).order_by(*DEFAULT_ORDER)[:20]
    plan = rows.explain()
    assert "gigs_gig_newest" in plan or "gigs_gig_created" in plan
    assert list(rows) == [gig]


def test_the_list_takes_the_same_number_of_queries_with_boosts(api: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api().get("/api/gigs").status_code == 200
        return len(queries)

    make_gig()
    before = cost()
    for _ in range(4):
        pay(make_gig())
    assert cost() == before


def test_a_gig_that_is_opened_again_is_still_shown_first(api: Any) -> None:
    gig = make_gig(title="The old one")
    make_gig(title="The new one")
    pay(gig)
    closed(gig)
    reopen_gig(gig=gig, client=gig.client, deadline=now() + timedelta(days=9))
    assert listed(api)[0] == ("The old one", True)


def test_nobody_pays_for_a_gig_that_is_not_there(api: Any) -> None:
    client = make_client()
    with nothing_changes():
        assert api(client).post(f"/api/gigs/{new_id()}/boost", {"days": 3}).status_code == 404
