"""What payments does about its own events: everything that was promised is asked of the gateway right after commit."""

from uuid import UUID

from khidma.kernel.events import handles
from payments import services
from payments.events import BankAccountCheckStarted, GatewayEventStored, PayoutRequested, RefundPromised


@handles(GatewayEventStored, outbound=True)
def work_through_event(event: GatewayEventStored, *, event_id: UUID) -> None:
    services.work_through(gateway_event_id=event.gateway_event_id)


@handles(RefundPromised, outbound=True)
def send_promised_refund(event: RefundPromised, *, event_id: UUID) -> None:
    services.send_refund(refund_id=event.refund_id)


@handles(BankAccountCheckStarted, outbound=True)
def send_started_check(event: BankAccountCheckStarted, *, event_id: UUID) -> None:
    services.send_validation(validation_id=event.validation_id)


@handles(PayoutRequested, outbound=True)
def send_requested_payout(event: PayoutRequested, *, event_id: UUID) -> None:
    services.send_payout(payout_id=event.payout_id)
