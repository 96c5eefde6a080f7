"""What payments does by the clock: it takes up whatever is in flight, so that no lost message loses money."""

import time
from collections.abc import Callable, Iterable
from uuid import UUID

import structlog

from khidma.kernel.sweeps import sweep
from payments import services
from payments.models import Payment, Payout, Refund, Settlement, Validation
from payments.providers import gateway_state

log = structlog.get_logger(__name__)

EVERY = 30
ROUND_SECONDS = 20.0
"""A round ends then, so that a gateway that hangs never holds more than one worker for each sweep."""


@sweep(every=EVERY)
def work_through_events() -> int:
    """Events of the gateway that were stored and not worked through."""
    return _each(services.events_due(), lambda found: services.work_through(gateway_event_id=found))


@sweep(every=60)
def check_books() -> int:
    """The whole ledger, added up anew; 1 where this round did it."""
    return int(services.check_books() is not None)


@sweep(every=EVERY)
def look_at_payments() -> int:
    """Payments of which neither the customer nor the gateway has told us the end."""
    return _each(services.payments_due(), lambda found: services.look_at_payment(payment_id=found), Payment)


@sweep(every=EVERY)
def look_at_chargebacks() -> int:
    """Disputes that a bank has yet to decide."""
    count = 0
    for dispute_id in services.chargebacks_due():
        try:
            services.look_at_chargeback(dispute_id=dispute_id)
        except Exception as error:
            log.error("sweep_failed", id=dispute_id, exc_info=error)
        count += 1
    return count


@sweep(every=600)
def find_chargebacks() -> int:
    """Disputes of which no event has told us."""
    return services.find_chargebacks()


@sweep(every=EVERY)
def send_refunds() -> int:
    """Refunds that were promised, and those under way."""
    return _each(services.refunds_due(), lambda found: services.send_refund(refund_id=found), Refund)


@sweep(every=EVERY)
def look_at_validations() -> int:
    """Penny drops under way."""
    return _each(services.validations_due(), lambda found: services.send_validation(validation_id=found), Validation)


@sweep(every=EVERY)
def send_payouts() -> int:
    """Withdrawals that wait to be sent, those under way, and those a bank may still give back."""
    return _each(services.payouts_due(), lambda found: services.send_payout(payout_id=found), Payout)


@sweep(every=EVERY)
def pay_out_weekly() -> int:
    """Weekly withdrawals of those who chose them."""
    return _each(services.auto_payouts_due(), _pay_out_for_week)


def _pay_out_for_week(auto_payout_id: UUID) -> None:
    try:
        services.pay_out_for_week(auto_payout_id=auto_payout_id)
    except Exception:
        services.put_off_auto_payout(auto_payout_id=auto_payout_id)
        raise


@sweep(every=600)
def look_for_settlements() -> int:
    """Settlements of which no event has told us."""
    return services.look_for_settlements()


@sweep(every=EVERY)
def read_reports() -> int:
    """Settlements whose lines are to be read."""
    return _each(services.reports_due(), lambda found: services.read_report(settlement_id=found), Settlement)


@sweep(every=600)
def reconcile_at_night() -> int:
    """The nightly reconciliation, once its hour has come."""
    return 0 if services.reconcile_at_night() is None else 1


@sweep(every=600)
def lapse_acts() -> int:
    """Acts of two people that nobody has confirmed in time."""
    return services.lapse_acts()


def _each(due: Iterable[UUID], take_up: Callable[[UUID], None], kind: services.Watched | None = None) -> int:
    """Take up each of them while the round lasts; one that fails stands in no other's way, and is due again later.

    While the gateway is not asked, what would ask it stays due: its looks are not spent on nothing.
    """
    count = 0
    over_at = time.monotonic() + ROUND_SECONDS
    for found in due:
        if time.monotonic() > over_at or (kind is not None and gateway_state() == "open"):
            break
        try:
            take_up(found)
        except Exception as error:
            log.error("sweep_failed", id=str(found), exc_info=error)
            if kind is not None:  # events put themselves off
                services.put_off(kind, found)
        count += 1
    return count
