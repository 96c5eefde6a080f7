"""Orders for tests, walked to the state that is asked for through the services."""

from typing import Any

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from gigs.tests.factories import make_application, make_gig
from orders import services
from orders.models import Order
from payments.tests.factories import fund


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


def make_completed_order(**over: Any) -> Order:
    """An order that was approved and paid."""
    order = make_submitted_order(**over)
    return services.approve_work(order=order, client=order.client)
