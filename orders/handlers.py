"""What orders does when money has moved."""

from khidma.kernel.events import handles
from orders import services
from payments.events import PaymentCaptured


@handles(PaymentCaptured)
def begin_paid_orders(event: PaymentCaptured) -> None:
    """The gateway's word comes here however it came in: by webhook, by the poller, or by the client's verify."""
    services.take_up_payment(references=event.references)
