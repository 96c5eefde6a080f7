"""Orders for tests, walked to the state that is asked for through the services."""

from datetime import timedelta
from typing import Any

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from gigs.tests.factories import make_application, make_gig
from khidma.kernel.clock import now
from orders import services
from orders.models import Order
from payments.selectors import escrow_of
from payments.services import record_sighting
from payments.tests.factories import captured, fund, make_payment


def make_order(
    *,
    client: User | None = None,
    doer: User | None = None,
    amount: int = 300_000,
    bid: dict[str, Any] | None = None,
    **gig: Any,
) -> Order:
    """An order that waits for its payment; `bid` is what else the doer's application says."""
    client = client or make_client()
    terms = {"proposed_amount": amount, "estimated_days": 5, **(bid or {})}
    application = make_application(gig=make_gig(client=client, **gig), doer=doer or make_doer(), **terms)
    return services.accept_application(application=application, client=client)


def make_funded_order(**over: Any) -> Order:
    """An order whose money is in escrow."""
    order = make_order(**over)
    fund(order.pk)
    services.take_up_payment(references=[order.pk])
    order.refresh_from_db()
    return order


def make_submitted_order(**over: Any) -> Order:
    """An order with work handed in."""
    order = make_funded_order(**over)
    return services.submit_work(order=order, doer=order.doer, message="Here is the work.")


def make_hourly_order(*, rate: int = 30_000, hours: int = 10, **over: Any) -> Order:
    """An order by the hour whose money is in escrow; `rate` in paise per hour."""
    return make_funded_order(amount=rate, bid={"agreed_hours": hours}, budget_type="hourly", **over)


def make_milestone_order(*amounts: int, funded: bool = False, **over: Any) -> Order:
    """An order in milestones of these amounts in paise, each due a week after the one before it."""
    amounts = amounts or (100_000, 150_000, 50_000)
    steps = [
        {"title": f"Part {number}", "amount": amount, "due_at": now() + timedelta(weeks=number)}
        for number, amount in enumerate(amounts, start=1)
    ]
    order = make_order(amount=sum(amounts), bid={"milestones": steps}, budget_type="milestone", **over)
    if funded:
        pay_milestones(order)
    return order


def pay_milestones(order: Order, *positions: int) -> Order:
    """Pay for these milestones of the order, one by one, or for all that are left at once; the work begins."""
    milestones = list(order.milestones.order_by("position"))
    wanted = [[milestones[position]] for position in positions] or [
        [row for row in milestones if row.status == "pending"]
    ]
    for together in wanted:
        payment = make_payment(*[escrow_of(row.pk) for row in together])
        record_sighting(payment_id=payment.pk, sighting=captured(payment))
        services.take_up_payment(references=[row.pk for row in together])
    order.refresh_from_db()
    return order


def make_completed_order(**over: Any) -> Order:
    """An order that was approved and paid."""
    order = make_submitted_order(**over)
    return services.approve_work(order=order, client=order.client)
