"""What happens to applications and orders reaches the streams of those concerned, and the order's conversation."""

from datetime import timedelta

import pytest

from accounts.models import User
from accounts.tests.factories import make_operator
from gigs import services as gigs
from gigs.tests.factories import make_application, make_gig
from khidma.kernel.clock import now
from khidma.kernel.outbox import deliver_due
from khidma.realtime.models import StreamEvent
from messaging.handlers import SENTENCES
from messaging.models import Conversation, ConversationKind, Message
from notifications.models import Notification
from orders import services as orders
from orders.events import OrderEvent
from orders.models import CancelReason, Order
from orders.tests.factories import (
    make_completed_order,
    make_funded_order,
    make_milestone_order,
    make_order,
    pay_milestones,
)
from orders.tests.test_charging_back import hear

pytestmark = pytest.mark.django_db

OURS = ("NEW_APPLICATION", "APPLICATION_UPDATE", "ORDER_UPDATE")


def heard(user: User) -> list[tuple[str, str]]:
    """The kinds of events on a user's stream that tell a state, with the state."""
    deliver_due()
    events = StreamEvent.objects.filter(user_id=user.pk, event__in=OURS).order_by("seq")
    return [(row.event, row.data.get("status", "")) for row in events]


def test_an_application_is_told_to_the_gigs_owner_and_opens_a_conversation() -> None:
    application = make_application()
    assert heard(application.gig.client) == [("NEW_APPLICATION", "")]
    assert heard(application.doer) == [("APPLICATION_UPDATE", "pending")]
    event = StreamEvent.objects.get(user_id=application.gig.client_id, event="NEW_APPLICATION")
    assert event.data == {"gigId": str(application.gig_id), "applicationId": str(application.pk)}
    conversation = Conversation.objects.get()
    assert (conversation.pk, conversation.kind) == (application.conversation_id, ConversationKind.APPLICATION)


def test_a_decision_is_told_to_each_applicant() -> None:
    gig = make_gig()
    chosen, other = make_application(gig=gig), make_application(gig=gig)
    gigs.shortlist_application(application=chosen, client=gig.client)
    orders.accept_application(application=chosen, client=gig.client)
    assert heard(chosen.doer)[:3] == [
        ("APPLICATION_UPDATE", "pending"),
        ("APPLICATION_UPDATE", "shortlisted"),
        ("APPLICATION_UPDATE", "accepted"),
    ]
    assert heard(other.doer) == [("APPLICATION_UPDATE", "pending"), ("APPLICATION_UPDATE", "rejected")]


def test_the_whole_way_of_an_order_is_told_to_both_parties_in_order() -> None:
    order = make_completed_order()
    states = ["pending_payment", "in_progress", "submitted", "approved", "completed"]
    for party in (order.client, order.doer):
        assert [status for event, status in heard(party) if event == "ORDER_UPDATE"] == states
    last = StreamEvent.objects.filter(user_id=order.client_id, event="ORDER_UPDATE").latest("seq")
    assert last.data["orderId"] == str(order.pk)
    assert last.data["escrowState"] == "released"
    assert isinstance(last.data["updatedAt"], int)


def test_the_orders_conversation_notes_each_change_in_nobodys_name() -> None:
    order = make_completed_order()
    deliver_due()
    conversation = Conversation.objects.get()
    assert (conversation.pk, conversation.order_id) == (order.conversation_id, order.pk)
    messages = list(Message.objects.order_by("sequence"))
    assert [message.sequence for message in messages] == list(range(1, len(messages) + 1))
    assert {(message.kind, message.sender_id) for message in messages} == {("system", None)}
    assert messages[0].text == "The application was accepted. The order waits for its payment."
    assert messages[-1].text == "The order is completed and the payment was released."


def test_delivering_twice_tells_once() -> None:
    order = make_order()
    deliver_due()
    before = (StreamEvent.objects.count(), Message.objects.count())
    deliver_due()
    assert (StreamEvent.objects.count(), Message.objects.count()) == before
    assert heard(order.client)[-1] == ("ORDER_UPDATE", "pending_payment")


def test_a_cancelled_order_is_told_to_both_and_its_application_lapses() -> None:
    order = make_order()
    orders.cancel_order(order=order, actor=order.client, reason=CancelReason.CHANGED_MIND)
    assert heard(order.client)[-1] == ("ORDER_UPDATE", "cancelled")
    assert ("ORDER_UPDATE", "cancelled") in heard(order.doer)
    assert ("APPLICATION_UPDATE", "lapsed") in heard(order.doer)


def test_each_step_of_a_milestone_is_told_to_both_and_noted_by_its_name() -> None:
    order = pay_milestones(make_milestone_order(100_000, 150_000), 0)
    pay_milestones(order, 1)
    [one, two] = order.milestones.order_by("position")
    orders.submit_milestones(order=order, doer=order.doer, message="Both.")
    orders.revise_milestones(order=order, client=order.client, message="Bluer.", only=one.pk)
    orders.approve_milestones(order=order, client=order.client, only=two.pk)
    for party in (order.client, order.doer):
        told = [status for event, status in heard(party) if event == "ORDER_UPDATE"]
        assert told == ["pending_payment"] + ["in_progress"] * 6
    assert list(Message.objects.order_by("sequence").values_list("text", flat=True)) == [
        "The application was accepted. The order waits for its payment.",
        "The payment is in escrow. Work can begin.",
        "The payment for more milestones is in escrow.",
        "The work for “Part 1” was submitted.",
        "The work for “Part 2” was submitted.",
        "Changes to “Part 1” were asked for.",
        "“Part 2” was approved and its payment was released.",
    ]


def test_pay_that_a_bank_holds_is_not_said_to_be_released_until_it_is() -> None:
    order = make_milestone_order(100_000, 150_000, funded=True)
    orders.submit_milestones(order=order, doer=order.doer, message="Both.")
    first = order.milestones.order_by("position")[0]
    hear(first.pk)
    orders.approve_milestones(order=order, client=order.client, only=first.pk)
    deliver_due()
    assert Message.objects.latest("sequence").text == (
        "“Part 1” was approved. Its payment waits until a bank has decided about it."
    )
    told = Notification.objects.get(user=order.doer, kind="milestone_approved")
    assert "₹" not in told.body
    hear(first.pk, "won")
    deliver_due()
    assert Message.objects.latest("sequence").text == "The payment for “Part 1” was released."
    paid = Notification.objects.filter(user=order.doer, kind="milestone_approved").latest("id")
    assert "₹882.00 for it is in your wallet" in paid.body


def test_milestones_that_are_cancelled_are_told_and_noted() -> None:
    order = make_milestone_order(100_000, 150_000, funded=True)
    first = order.milestones.order_by("position")[0]
    orders.submit_milestones(order=order, doer=order.doer, message="One.", only=first.pk)
    deliver_due()
    before = len(heard(order.doer))
    orders.cancel_order(order=order, actor=order.client, reason=CancelReason.CHANGED_MIND)
    assert ("ORDER_UPDATE", "in_progress") in heard(order.doer)[before:]
    assert Message.objects.latest("sequence").text == ("The milestones for which nothing was handed in were cancelled.")


def test_a_contest_is_told_and_its_end_says_nothing_untrue() -> None:
    order = make_funded_order(amount=100_000)
    Order.objects.filter(pk=order.pk).update(funded_at=now() - timedelta(hours=5))
    order.refresh_from_db()
    orders.cancel_order(order=order, actor=order.client, reason="doer_unreachable")
    orders.contest_cancellation(cancellation=order.cancellation, actor=order.doer)
    deliver_due()
    assert Message.objects.latest("sequence").text == (
        "The cancellation is contested. The money that was kept back waits for a decision."
    )
    order.cancellation.refresh_from_db()
    operator = make_operator("trust")
    orders.judge_cancellation(cancellation=order.cancellation, operator=operator, fault="client", reason="Seen")
    deliver_due()
    assert Message.objects.latest("sequence").text == "The money that the cancellation kept back was paid out."


CONVERSATION_IS_NOT_TOLD = {
    "CancellationJudged": "`CancellationSettled` comes with it",
}


def test_every_fact_about_an_order_is_told_or_left_out_for_a_reason() -> None:
    told = {kind.__name__ for kind in SENTENCES}
    known = {kind.__name__ for kind in subclasses(OrderEvent)} - {"MilestoneEvent"}
    assert known - told == CONVERSATION_IS_NOT_TOLD.keys()


def subclasses(kind: type) -> set[type]:
    return {one for below in kind.__subclasses__() for one in (below, *subclasses(below))}
