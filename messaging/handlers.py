"""Reactions to what happens to applications and orders: events on the streams, system messages in the conversation.

A message is stored once for both who read it, so those of the system are in English; notifications tell each of the
two the same in their own language.
"""

from gigs.events import (
    ApplicationAccepted,
    ApplicationEvent,
    ApplicationLapsed,
    ApplicationRejected,
    ApplicationRevived,
    ApplicationShortlisted,
    ApplicationSubmitted,
    ApplicationWithdrawn,
)
from gigs.models import Application
from gigs.states import ApplicationStatus
from khidma.http.fields import milliseconds
from khidma.kernel.events import handles
from khidma.realtime import streams
from messaging import services
from orders.events import (
    CancellationContested,
    CancellationSettled,
    MilestoneApproved,
    MilestoneDropped,
    MilestoneEvent,
    MilestoneOverdue,
    MilestoneRefunded,
    MilestoneReleased,
    MilestoneRevisionRequested,
    MilestonesCancelled,
    MilestonesFunded,
    MilestoneSubmitted,
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderFunded,
    OrderPlaced,
    OrderRefunded,
    OrderStarted,
    RevisionRequested,
    SilenceNoticed,
    WorkSubmitted,
)
from orders.models import Order

APPLICATION_STATUSES: dict[type[ApplicationEvent], ApplicationStatus] = {
    ApplicationSubmitted: ApplicationStatus.PENDING,
    ApplicationShortlisted: ApplicationStatus.SHORTLISTED,
    ApplicationAccepted: ApplicationStatus.ACCEPTED,
    ApplicationRejected: ApplicationStatus.REJECTED,
    ApplicationWithdrawn: ApplicationStatus.WITHDRAWN,
    ApplicationRevived: ApplicationStatus.PENDING,
    ApplicationLapsed: ApplicationStatus.LAPSED,
}

SENTENCES: dict[type[OrderEvent], str] = {
    OrderPlaced: "The application was accepted. The order waits for its payment.",
    OrderFunded: "The payment is in escrow. Work can begin.",
    OrderStarted: "Work has started.",
    WorkSubmitted: "Work was submitted.",
    RevisionRequested: "Changes were asked for.",
    OrderApproved: "The work was approved.",
    OrderCompleted: "The order is completed and the payment was released.",
    OrderCancelled: "The order was cancelled.",
    MilestonesFunded: "The payment for more milestones is in escrow.",
    MilestoneSubmitted: "The work for “%(milestone)s” was submitted.",
    MilestoneRevisionRequested: "Changes to “%(milestone)s” were asked for.",
    MilestoneApproved: "“%(milestone)s” was approved and its payment was released.",
    MilestoneReleased: "The payment for “%(milestone)s” was released.",
    MilestoneOverdue: "“%(milestone)s” is long overdue. If nothing is handed in, its payment goes back soon.",
    MilestoneRefunded: "Nothing was handed in for “%(milestone)s”. Its payment goes back to the client.",
    MilestoneDropped: "“%(milestone)s” was not paid and has been dropped.",
    MilestonesCancelled: "The milestones for which nothing was handed in were cancelled.",
    CancellationContested: "The cancellation is contested. The money that was kept back waits for a decision.",
    CancellationSettled: "The money that the cancellation kept back was paid out.",
    OrderRefunded: "A part of the payment goes back to the client.",
    SilenceNoticed: "Nothing was handed in for a long time. Without work the client will be refunded.",
}
HELD_PAY = "“%(milestone)s” was approved. Its payment waits until a bank has decided about it."


def tell_applicant(event: ApplicationEvent) -> None:
    """`APPLICATION_UPDATE` to whoever applied."""
    status = APPLICATION_STATUSES[type(event)].value
    data = {"applicationId": str(event.application_id), "gigId": str(event.gig_id), "status": status}
    streams.push(user_ids=[event.doer_id], event="APPLICATION_UPDATE", data=data)


for application_event in APPLICATION_STATUSES:
    handles(application_event)(tell_applicant)


def tell_gig_owner(event: ApplicationEvent) -> None:
    """`NEW_APPLICATION` to the gig's owner, and the room where the two can talk."""
    application = Application.objects.select_related("gig").get(pk=event.application_id)
    services.open_for_application(application=application)
    data = {"gigId": str(event.gig_id), "applicationId": str(event.application_id)}
    streams.push(user_ids=[event.client_id], event="NEW_APPLICATION", data=data)


for new_application in (ApplicationSubmitted, ApplicationRevived):
    handles(new_application)(tell_gig_owner)


def tell_parties(event: OrderEvent) -> None:
    """`ORDER_UPDATE` to both parties, with the state that the event brought about."""
    data = {
        "orderId": str(event.order_id),
        "gigId": str(event.gig_id),
        "conversationId": str(event.conversation_id),
        "title": event.title,
        "amount": event.amount,
        "status": event.status,
        "escrowState": event.escrow_state,
        "updatedAt": milliseconds(event.at),
    }
    streams.push(user_ids=[event.client_id, event.doer_id], event="ORDER_UPDATE", data=data)


def note_in_conversation(event: OrderEvent) -> None:
    """A system message in the order's conversation, which turns from the application's into the order's."""
    conversation = services.open_for_order(order=Order.objects.get(pk=event.order_id))
    sentence = HELD_PAY if isinstance(event, MilestoneApproved) and not event.paid else SENTENCES[type(event)]
    if isinstance(event, MilestoneEvent):
        sentence %= {"milestone": event.milestone_title}
    services.post_system_message(conversation=conversation, text=sentence)


for order_event in SENTENCES:
    handles(order_event)(tell_parties)
    handles(order_event)(note_in_conversation)
