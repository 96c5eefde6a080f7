"""Who is told what of the facts of gigs, orders and payments: each fact once, by the channels it deserves."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from gigs import events as gigs
from gigs.services import cancel_gig
from gigs.tests.factories import make_application, make_gig
from khidma.kernel import events
from khidma.kernel.events import Event, publish
from khidma.kernel.ids import new_id
from khidma.kernel.models import DeliveryStatus, OutboxDelivery
from khidma.kernel.outbox import deliver_due
from khidma.media.events import FileCondemned
from khidma.realtime.models import StreamEvent
from notifications.kinds import KINDS
from notifications.models import Notification
from notifications.tests.factories import lose_receipts, make_push_token, send_everything, sent
from orders import events as orders
from orders.services import accept_application
from orders.tests.factories import make_completed_order
from payments import events as payments
from trust_safety import events as trust

pytestmark = pytest.mark.django_db

EVERYWHERE = ["email", "push", "sms"]
MAIL = ["email", "push"]
SCREEN = ["push"]

Told = tuple[str, str, list[str]]

# The fact; and each person told, with the notification's type and the channels by which it goes out as well.
TABLE: list[tuple[type[Event], list[Told]]] = [
    (gigs.ApplicationSubmitted, [("client", "new_application", SCREEN)]),
    (gigs.ApplicationShortlisted, [("doer", "application_shortlisted", SCREEN)]),
    (gigs.ApplicationAccepted, [("doer", "application_accepted", EVERYWHERE)]),
    (gigs.ApplicationRejected, [("doer", "application_rejected", SCREEN)]),
    (gigs.ApplicationLapsed, [("doer", "application_lapsed", SCREEN)]),
    (gigs.GigCancelled, [("doer", "gig_cancelled", SCREEN)]),
    (gigs.GigExpired, [("client", "gig_expired", SCREEN)]),
    (orders.OrderPlaced, [("client", "order_placed", SCREEN)]),
    (orders.OrderFunded, [("client", "payment_received", MAIL), ("doer", "order_funded", EVERYWHERE)]),
    (orders.WorkSubmitted, [("client", "work_submitted", EVERYWHERE)]),
    (orders.RevisionRequested, [("doer", "revision_requested", MAIL)]),
    (orders.MilestonesFunded, [("client", "payment_received", MAIL), ("doer", "milestones_funded", EVERYWHERE)]),
    (orders.MilestoneSubmitted, [("client", "milestone_submitted", EVERYWHERE)]),
    (orders.MilestoneRevisionRequested, [("doer", "milestone_revision_requested", MAIL)]),
    (orders.MilestoneApproved, [("doer", "milestone_approved", EVERYWHERE)]),
    (orders.MilestoneReleased, [("doer", "milestone_approved", EVERYWHERE)]),
    (orders.MilestoneOverdue, [("doer", "milestone_overdue", EVERYWHERE)]),
    (orders.MilestoneRefunded, [("client", "milestone_refunded", MAIL), ("doer", "milestone_refunded", MAIL)]),
    (orders.MilestoneDropped, [("client", "milestone_dropped", SCREEN), ("doer", "milestone_dropped", SCREEN)]),
    (orders.OrderCompleted, [("client", "order_completed", MAIL), ("doer", "order_completed", EVERYWHERE)]),
    (orders.OrderCancelled, [("client", "order_cancelled", MAIL), ("doer", "order_cancelled", MAIL)]),
    (
        orders.CancellationSettled,
        [("client", "cancellation_settled", SCREEN), ("doer", "cancellation_settled", SCREEN)],
    ),
    (
        orders.MilestonesCancelled,
        [("client", "milestones_cancelled", MAIL), ("doer", "milestones_cancelled", MAIL)],
    ),
    (orders.BoostShown, [("client", "boost_shown", MAIL)]),
    (orders.BoostReturned, [("client", "boost_returned", MAIL)]),
    (trust.ContestOpened, [("client", "contest_opened", MAIL), ("doer", "contest_opened", MAIL)]),
    (trust.ContestDecided, [("client", "contest_decided", MAIL), ("doer", "contest_decided", MAIL)]),
    (orders.OrderRefunded, [("doer", "order_refunded", MAIL)]),
    (orders.SilenceNoticed, [("client", "work_missing", SCREEN), ("doer", "work_missing", EVERYWHERE)]),
    (orders.ReviewCreated, [("doer", "review_received", MAIL)]),
    (orders.ReviewShown, [("doer", "review_shown", MAIL)]),
    (orders.ReviewReplied, [("client", "review_replied", SCREEN)]),
    (payments.PaymentFailed, [("client", "payment_failed", SCREEN)]),
    (payments.RefundPromised, [("client", "refund_promised", MAIL)]),
    (payments.RefundProcessed, [("client", "refund_processed", SCREEN)]),
    (payments.MoneyReturned, [("doer", "money_returned", EVERYWHERE)]),
    (payments.PayoutRequested, [("doer", "payout_requested", EVERYWHERE)]),
    (payments.AutoPayoutPutOff, [("doer", "auto_payout_put_off", EVERYWHERE)]),
    (payments.PayoutHeld, [("doer", "payout_held", EVERYWHERE)]),
    (payments.PayoutCancelled, [("doer", "payout_cancelled", EVERYWHERE)]),
    (payments.PayoutProcessed, [("doer", "payout_processed", EVERYWHERE)]),
    (payments.PayoutFailed, [("doer", "payout_failed", EVERYWHERE)]),
    (payments.PayoutReversed, [("doer", "payout_failed", EVERYWHERE)]),
    (payments.BankAccountAdded, [("doer", "bank_account_added", EVERYWHERE)]),
    (payments.BankAccountVerified, [("doer", "bank_account_verified", SCREEN)]),
    (payments.BankAccountFailed, [("doer", "bank_account_failed", SCREEN)]),
]


ELSEWHERE = {
    FileCondemned.name(),
    "messaging.SupportUnanswered",
    "payments.ChargebackMoved",
    "trust_safety.ContestOverdue",
}
"""Told to operators: see test_chargebacks.py, test_contests.py and messaging's test_supporting.py."""


def fact(kind: type[Event], client: User, doer: User) -> Event:
    """An event of this kind between these two."""
    values: dict[str, Any] = {
        "client_id": client.pk,
        "payer_id": client.pk,
        "payee_id": doer.pk,
        "doer_id": doer.pk,
        "user_id": doer.pk,
        "applicant_ids": (doer.pk,),
        "author_id": client.pk,
        "reviewed_id": doer.pk,
        "fault": "shared",
        "is_first": True,
        "title": "Logo for a tea stall",
        "amount": 123_456_00,
        "held": 123_456_00,
        "status": "in_progress",
        "code": "no_bank_account",
        "doer_payout": 100_000_00,
        "last4": "0042",
        "bank_last4": "0042",
    }
    by_hint: dict[Any, Callable[[], Any]] = {
        UUID: new_id,
        list[UUID]: lambda: [new_id()],
        str: lambda: "other",
        int: lambda: 1,
        bool: lambda: False,
        datetime: lambda: datetime(2026, 1, 2, tzinfo=UTC),
        datetime | None: lambda: None,
    }
    return kind(
        **{
            field.name: values[field.name] if field.name in values else by_hint[field.type]()
            for field in dataclasses.fields(kind)
        }
    )


def deliver_ours() -> None:
    """Deliver to notifications alone: to the other apps these facts are of rows that do not exist."""
    OutboxDelivery.objects.exclude(handler__startswith="notifications.").delete()
    send_everything()
    left = OutboxDelivery.objects.exclude(status=DeliveryStatus.DONE)
    assert list(left.values_list("handler", "last_error")) == []


def told(client: User, doer: User) -> list[Told]:
    """Everything these two were told, and how it went out."""
    names = {client.pk: "client", doer.pk: "doer"}
    found = [(names[row.user_id], row.kind, sent(row)) for row in Notification.objects.all()]
    return sorted(found)


@pytest.mark.parametrize(("kind", "expected"), TABLE, ids=[kind.name() for kind, _ in TABLE])
def test_a_fact_is_told_once_to_those_whom_it_concerns(kind: type[Event], expected: list[Told]) -> None:
    client, doer = make_client(), make_doer()
    make_push_token(client)
    make_push_token(doer)
    publish(fact(kind, client, doer))
    deliver_ours()
    assert told(client, doer) == expected
    assert {row.kind for row in Notification.objects.all()} <= set().union(*KINDS.values())

    for row in Notification.objects.all():
        assert row.title
        assert row.body
        assert row.action_url.startswith("/")
        assert all(isinstance(value, str) and name.endswith("Id") for name, value in row.data.items())
        event = StreamEvent.objects.get(user_id=row.user_id, event="NOTIFICATION")
        assert event.data == row.for_stream()

    # A worker that dies after sending and before its receipt sends again: nobody hears it twice.
    lose_receipts()
    deliver_ours()
    assert told(client, doer) == expected
    assert StreamEvent.objects.filter(event="NOTIFICATION").count() == len(expected)


def test_the_table_knows_every_fact_that_is_listened_to() -> None:
    """Of those by which people are told; for machines see test_announcing.py."""
    ours = {
        handler.event
        for name, handler in events._handlers.items()
        if name.startswith("notifications.") and handler.function.__module__ != "notifications.handlers.webhooks"
    }
    assert {kind.name() for kind in ours} - {"notifications.PersonTold"} == {
        kind.name() for kind, _ in TABLE
    } | ELSEWHERE


def test_amounts_are_told_in_rupees_as_india_writes_them() -> None:
    client, doer = make_client(), make_doer()
    publish(fact(orders.OrderFunded, client, doer))
    deliver_ours()
    for row in Notification.objects.all():
        assert "₹1,23,456.00" in row.body


def test_applicants_of_a_cancelled_gig_hear_of_it_once() -> None:
    gig = make_gig()
    first, second = make_application(gig=gig), make_application(gig=gig)
    cancel_gig(gig=gig, by=gig.client, reason="Found somebody in the family")
    deliver_due()
    for doer in (first.doer, second.doer):
        assert list(Notification.objects.filter(user=doer).values_list("kind", flat=True)) == ["gig_cancelled"]


def test_the_one_who_was_not_chosen_hears_of_it_and_of_nothing_else() -> None:
    gig = make_gig()
    chosen, other = make_application(gig=gig), make_application(gig=gig)
    accept_application(application=chosen, client=gig.client)
    deliver_due()
    assert list(Notification.objects.filter(user=other.doer).values_list("kind", flat=True)) == ["application_rejected"]
    assert list(Notification.objects.filter(user=chosen.doer).values_list("kind", flat=True)) == [
        "application_accepted"
    ]


def test_on_the_whole_way_of_an_order_nothing_is_told_twice() -> None:
    order = make_completed_order()
    deliver_due()
    deliver_due()
    by_person = {
        name: Counter(Notification.objects.filter(user_id=user_id).values_list("kind", flat=True))
        for name, user_id in [("client", order.client_id), ("doer", order.doer_id)]
    }
    assert by_person == {
        "client": Counter(["new_application", "order_placed", "payment_received", "work_submitted", "order_completed"]),
        "doer": Counter(["application_accepted", "order_funded", "order_completed"]),
    }
