"""Which facts become which events for whom: each once, as its receiver sees the object, with what was before."""

import json
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator
from gigs.services import cancel_gig, close_gig
from gigs.tests.factories import make_application, make_gig
from khidma.kernel.events import Event, publish
from khidma.kernel.models import DeliveryStatus, OutboxDelivery, OutboxEvent
from khidma.kernel.outbox import deliver_due
from notifications.models import WebhookDelivery, WebhookEvent, WebhookSubscription
from notifications.services import webhooks
from notifications.tests.factories import make_subscription
from orders.services import write_review
from orders.tests.factories import make_completed_order, make_funded_order
from payments import events as payments
from payments.models import Payment
from payments.tests.factories import make_payout

pytestmark = pytest.mark.django_db


def told(subscription: WebhookSubscription) -> list[dict[str, Any]]:
    """What it gets, in its order."""
    bodies = WebhookDelivery.objects.filter(subscription=subscription).order_by("sequence")
    return [json.loads(one.body) for one in bodies]


def types(subscription: WebhookSubscription) -> list[str]:
    return [one["type"] for one in told(subscription)]


def finish() -> None:
    """Every event reaches its handlers."""
    deliver_due()
    assert (
        not OutboxDelivery.objects.exclude(status=DeliveryStatus.DONE)
        .filter(handler__startswith="notifications.send_")
        .exists()
    )


def test_the_events_are_those_of_the_contract() -> None:
    assert sorted(WebhookEvent.values) == sorted(
        [
            "gig.created",
            "gig.closed",
            "gig.cancelled",
            "application.created",
            "application.accepted",
            "order.created",
            "order.funded",
            "order.submitted",
            "order.approved",
            "order.completed",
            "order.cancelled",
            "payment.captured",
            "payment.refunded",
            "payout.processed",
            "payout.failed",
            "dispute.opened",
            "dispute.resolved",
            "review.created",
        ]
    )


def test_both_sides_of_an_order_hear_its_whole_life_and_each_payment_its_payer() -> None:
    client, doer, stranger = make_client(), make_doer(), make_client()
    of_client, of_doer, of_stranger = (make_subscription(user) for user in (client, doer, stranger))
    order = make_completed_order(client=client, doer=doer)
    finish()
    life = ["order.created", "order.funded", "order.submitted", "order.approved", "order.completed"]
    applied = ["application.created", "application.accepted"]
    assert Counter(types(of_client)) == Counter(["gig.created", *applied, *life, "payment.captured"])
    assert Counter(types(of_doer)) == Counter([*applied, *life])
    assert types(of_stranger) == []
    for subscription in (of_client, of_doer):
        assert [one["sequence"] for one in told(subscription)] == list(range(1, len(told(subscription)) + 1))
    objects = [one["data"]["object"] for one in told(of_doer) if one["type"].startswith("order.")]
    assert {one["id"] for one in objects} == {str(order.pk)}


def test_each_event_says_what_the_status_was_before() -> None:
    client = make_client()
    subscription = make_subscription(client)
    order = make_completed_order(client=client)
    finish()
    before = {one["type"]: one["data"]["previous"].get("status") for one in told(subscription)}
    assert before == {
        "gig.created": None,
        "application.created": None,
        "application.accepted": "pending",
        "order.created": None,
        "payment.captured": "created",
        "order.funded": "pending_payment",
        "order.submitted": "in_progress",
        "order.approved": "submitted",
        "order.completed": "approved",
    }
    assert order.status == "completed"


def test_what_changed_since_the_last_event_of_an_object_comes_with_its_former_value() -> None:
    client = make_client()
    subscription = make_subscription(client, events=["gig.created", "gig.closed"])
    gig = make_gig(client)
    finish()
    close_gig(gig=gig, client=client)
    finish()
    first, second = told(subscription)
    assert first["data"]["previous"] == {}
    previous, shown = second["data"]["previous"], second["data"]["object"]
    assert (previous["status"], shown["status"]) == ("open", "closed")
    assert {name: first["data"]["object"][name] for name in previous} == previous
    unchanged = shown.keys() - previous.keys()
    assert {name: shown[name] for name in unchanged} == {name: first["data"]["object"][name] for name in unchanged}


def test_applicants_hear_that_a_gig_was_cancelled() -> None:
    client, doer = make_client(), make_doer()
    subscription = make_subscription(doer, events=["gig.cancelled"])
    gig = make_gig(client)
    make_application(gig, doer)
    cancel_gig(gig=gig, by=client, reason="No longer needed")
    finish()
    assert types(subscription) == ["gig.cancelled"]
    assert told(subscription)[0]["data"]["object"]["id"] == str(gig.pk)


def test_only_what_was_asked_for_comes_and_nothing_while_paused() -> None:
    client = make_client()
    wanted = make_subscription(client, events=["order.completed"])
    paused = make_subscription(client, active=False)
    make_completed_order(client=client)
    finish()
    assert types(wanted) == ["order.completed"]
    assert types(paused) == []


def test_an_event_handled_twice_comes_once() -> None:
    client = make_client()
    subscription = make_subscription(client, events=["gig.created"])
    make_gig(client)
    finish()
    OutboxDelivery.objects.update(status=DeliveryStatus.PENDING)
    deliver_due()
    assert types(subscription) == ["gig.created"]
    assert WebhookDelivery.objects.get().event_id == OutboxEvent.objects.get(name="gigs.GigPosted").pk


def test_no_phone_and_no_code_leaves_the_house() -> None:
    client, doer = make_client(), make_doer()
    subscriptions = [make_subscription(user) for user in (client, doer, make_operator("administrator"))]
    make_funded_order(client=client, doer=doer, kind="on_site")
    finish()
    for subscription in subscriptions:
        said = json.dumps(told(subscription), ensure_ascii=False)
        assert "order.funded" in said
        assert "startCode" not in said
        assert "counterpartPhone" not in said
        for user in (client, doer):
            assert str(user.phone) not in said
            assert not user.email or user.email not in said


@pytest.mark.parametrize(
    ("group", "heard"),
    [
        ("support", {"gig", "application", "order"}),
        ("finance", {"payment", "payout"}),
        ("trust", set()),
        ("administrator", {"gig", "application", "order", "payment", "payout"}),
    ],
)
def test_an_operator_hears_of_all_that_the_operator_may_see(group: str, heard: set[str]) -> None:
    subscription = make_subscription(make_operator(group))
    order = make_completed_order()
    payout = make_payout(order.doer)
    say(payments.PayoutProcessed, payout_id=payout.pk, user_id=payout.user_id, amount=1, bank_last4="1", utr="u")
    finish()
    assert {one.split(".")[0] for one in types(subscription)} == heard


def test_who_is_an_operator_no_more_hears_of_nothing_but_their_own() -> None:
    operator = make_operator("administrator")
    subscription = make_subscription(operator)
    User.objects.filter(pk=operator.pk).update(is_staff=False)
    make_completed_order()
    finish()
    assert types(subscription) == []


def test_who_became_an_operator_later_does_not_hear_all_by_an_old_subscription() -> None:
    user = make_client()
    subscription = make_subscription(user)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    make_completed_order()
    finish()
    assert types(subscription) == []


def say(kind: type[Event], **values: Any) -> None:
    """Publish a fact."""
    publish(kind(**values))


@pytest.mark.parametrize(
    ("kind", "more", "event_type"),
    [
        (payments.PayoutProcessed, {"bank_last4": "0042", "utr": "U1"}, "payout.processed"),
        (payments.PayoutFailed, {"reason": "closed"}, "payout.failed"),
        (payments.PayoutReversed, {"reason": "closed"}, "payout.failed"),
    ],
)
def test_a_doer_hears_of_withdrawals(kind: type[Any], more: dict[str, Any], event_type: str) -> None:
    doer = make_doer()
    subscription = make_subscription(doer)
    payout = make_payout(doer)
    finish()
    assert told(subscription) == []
    say(kind, payout_id=payout.pk, user_id=doer.pk, amount=payout.amount, **more)
    finish()
    (one,) = told(subscription)
    assert one["type"] == event_type
    assert UUID(one["data"]["object"]["id"]) == payout.pk


def test_a_refund_is_told_with_its_payment() -> None:
    client = make_client()
    subscription = make_subscription(client, events=["payment.refunded"])
    make_funded_order(client=client)
    payment = Payment.objects.get()
    say(
        payments.RefundProcessed,
        refund_id=payment.pk,
        payment_id=payment.pk,
        references=[],
        payer_id=client.pk,
        amount=1,
    )
    finish()
    assert [one["data"]["object"]["id"] for one in told(subscription)] == [str(payment.pk)]


def test_a_review_is_told_to_its_author_at_once_and_to_the_other_when_it_shows() -> None:
    client, doer = make_client(), make_doer()
    order = make_completed_order(client=client, doer=doer)
    of_client, of_doer = (make_subscription(user, events=["review.created"]) for user in (client, doer))
    write_review(order=order, author=client, rating=2)
    finish()
    assert (len(told(of_client)), len(told(of_doer))) == (1, 0)
    write_review(order=order, author=doer, rating=5)
    finish()
    assert [one["data"]["object"]["rating"] for one in told(of_client)] == [2, 5]
    assert sorted(one["data"]["object"]["rating"] for one in told(of_doer)) == [2, 5]


def test_without_a_listener_a_fact_costs_one_query() -> None:
    with CaptureQueriesContext(connection) as queries:
        webhooks.announce(event_type="gig.created", kind="gig", object_id=make_client().pk, parties=[])
    assert len([one for one in queries if "webhook" in one["sql"]]) == 1


def test_many_listeners_take_no_more_queries_than_few() -> None:
    client = make_client()
    gig = make_gig(client)
    counted = []
    for more in (2, 6):
        for _ in range(more):
            make_subscription(client, events=["gig.created"])
        with CaptureQueriesContext(connection) as queries:
            written = webhooks.announce(event_type="gig.created", kind="gig", object_id=gig.pk, parties=[client.pk])
        counted.append((len(written), len(queries)))
    assert [number for number, _ in counted] == [2, 8]
    assert counted[0][1] == counted[1][1] <= 14
