"""What orders does when money has moved, and when orders have ended."""

from gigs.events import GigCancelled
from khidma.kernel.events import handles
from orders import services
from orders.events import CancellationJudged, MilestonesCancelled, OrderCancelled, OrderCompleted, OrderEvent
from payments.events import ChargebackMoved, PaymentCaptured, RefundedOutside


@handles(PaymentCaptured)
def begin_paid_orders(event: PaymentCaptured) -> None:
    """The gateway's word comes here however it came in: by webhook, by the poller, or by the client's verify."""
    services.take_up_payment(references=event.references)


@handles(ChargebackMoved)
def follow_chargeback(event: ChargebackMoved) -> None:
    """The bank has decided: what it took is gone, what it held goes on."""
    if event.status in {"open", "under_review"} or not event.moves_money:
        return
    for reference in event.emptied:
        services.end_charged_back(reference=reference)
    services.go_on_after_chargeback(references=event.references)


@handles(RefundedOutside)
def end_what_has_no_money(event: RefundedOutside) -> None:
    """Somebody sent the payer's money back at the gateway: what nothing is held for any more ends."""
    for reference in event.emptied:
        services.end_charged_back(reference=reference, reason="refunded_outside")


@handles(OrderCompleted)
@handles(OrderCancelled)
@handles(MilestonesCancelled)
@handles(CancellationJudged)
def keep_completion_rate(event: OrderEvent) -> None:
    """An order has ended, or somebody else is to blame for it than before."""
    services.keep_completion_rate(doer_id=event.doer_id)


@handles(GigCancelled)
def return_boosts(event: GigCancelled) -> None:
    """A gig that we take down is not shown any more, and its owner has paid for that."""
    services.return_boosts(gig_id=event.gig_id, cancelled_by=event.cancelled_by)
