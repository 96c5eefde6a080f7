"""What the servers of others hear: which fact is which event of the contract, about what, and whose it is.

`dispute.opened` and `dispute.resolved` have no facts yet. Milestones are told with their order.
"""

from gigs.events import ApplicationAccepted, ApplicationEvent, ApplicationSubmitted, GigCancelled, GigClosed, GigPosted
from khidma.kernel.events import handles
from notifications.models import WebhookEvent
from notifications.services.webhooks import announce
from orders.events import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderFunded,
    OrderPlaced,
    ReviewCreated,
    ReviewShown,
    WorkSubmitted,
)
from payments.events import PaymentCaptured, PayoutFailed, PayoutProcessed, PayoutReversed, RefundProcessed

APPLICATIONS: dict[type[ApplicationEvent], tuple[str, tuple[str, ...]]] = {
    ApplicationSubmitted: (WebhookEvent.APPLICATION_CREATED, ()),
    ApplicationAccepted: (WebhookEvent.APPLICATION_ACCEPTED, ("accepted",)),
}
ORDERS: dict[type[OrderEvent], str] = {
    OrderPlaced: WebhookEvent.ORDER_CREATED,
    OrderFunded: WebhookEvent.ORDER_FUNDED,
    WorkSubmitted: WebhookEvent.ORDER_SUBMITTED,
    OrderApproved: WebhookEvent.ORDER_APPROVED,
    OrderCompleted: WebhookEvent.ORDER_COMPLETED,
    OrderCancelled: WebhookEvent.ORDER_CANCELLED,
}


@handles(GigPosted)
def send_gig_created(event: GigPosted) -> None:
    announce(event_type=WebhookEvent.GIG_CREATED, kind="gig", object_id=event.gig_id, parties=[event.client_id])


@handles(GigClosed)
def send_gig_closed(event: GigClosed) -> None:
    announce(
        event_type=WebhookEvent.GIG_CLOSED,
        kind="gig",
        object_id=event.gig_id,
        parties=[event.client_id],
        reached=["closed"],
    )


@handles(GigCancelled)
def send_gig_cancelled(event: GigCancelled) -> None:
    announce(
        event_type=WebhookEvent.GIG_CANCELLED,
        kind="gig",
        object_id=event.gig_id,
        parties=[event.client_id, *event.applicant_ids],
        reached=["cancelled"],
    )


@handles(ApplicationSubmitted)
@handles(ApplicationAccepted)
def send_application(event: ApplicationSubmitted | ApplicationAccepted) -> None:
    event_type, reached = APPLICATIONS[type(event)]
    announce(
        event_type=event_type,
        kind="application",
        object_id=event.application_id,
        parties=[event.client_id, event.doer_id],
        reached=reached,
    )


@handles(OrderPlaced)
@handles(OrderFunded)
@handles(WorkSubmitted)
@handles(OrderApproved)
@handles(OrderCompleted)
@handles(OrderCancelled)
def send_order(event: OrderEvent) -> None:
    announce(
        event_type=ORDERS[type(event)],
        kind="order",
        object_id=event.order_id,
        parties=[event.client_id, event.doer_id],
        reached=[] if isinstance(event, OrderPlaced) else [event.status],
    )


@handles(PaymentCaptured)
def send_payment_captured(event: PaymentCaptured) -> None:
    announce(
        event_type=WebhookEvent.PAYMENT_CAPTURED,
        kind="payment",
        object_id=event.payment_id,
        parties=[event.payer_id],
        reached=["captured"],
    )


@handles(RefundProcessed)
def send_payment_refunded(event: RefundProcessed) -> None:
    announce(
        event_type=WebhookEvent.PAYMENT_REFUNDED,
        kind="payment",
        object_id=event.payment_id,
        parties=[event.payer_id],
        reached=["partially_refunded", "refunded"],
    )


@handles(PayoutProcessed)
def send_payout_processed(event: PayoutProcessed) -> None:
    announce(
        event_type=WebhookEvent.PAYOUT_PROCESSED,
        kind="payout",
        object_id=event.payout_id,
        parties=[event.user_id],
        reached=["processed"],
    )


@handles(PayoutFailed)
@handles(PayoutReversed)
def send_payout_failed(event: PayoutFailed | PayoutReversed) -> None:
    announce(
        event_type=WebhookEvent.PAYOUT_FAILED,
        kind="payout",
        object_id=event.payout_id,
        parties=[event.user_id],
        reached=["failed", "rejected", "reversed"],
    )


@handles(ReviewCreated)
@handles(ReviewShown)
def send_review(event: ReviewCreated | ReviewShown) -> None:
    """To its author when it is written, to whom it is about when it shows."""
    is_written = isinstance(event, ReviewCreated)
    announce(
        event_type=WebhookEvent.REVIEW_CREATED,
        kind="review",
        object_id=event.review_id,
        parties=[event.author_id if is_written else event.reviewed_id],
    )
