"""What orders does when money has moved, and when orders have ended."""

from khidma.kernel.events import handles
from orders import services
from orders.events import CancellationJudged, MilestonesCancelled, OrderCancelled, OrderCompleted, OrderEvent
from payments.events import PaymentCaptured


@handles(PaymentCaptured)
def begin_paid_orders(event: PaymentCaptured) -> None:
    """The gateway's word comes here however it came in: by webhook, by the poller, or by the client's verify."""
    services.take_up_payment(references=event.references)


@handles(OrderCompleted)
@handles(OrderCancelled)
@handles(MilestonesCancelled)
@handles(CancellationJudged)
def keep_completion_rate(event: OrderEvent) -> None:
    """An order has ended, or somebody else is to blame for it than before."""
    services.keep_completion_rate(doer_id=event.doer_id)
