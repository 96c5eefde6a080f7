"""Work by the hour: what was agreed, what was worked, and what of the escrow that earns."""

from typing import TypedDict

from django.utils.translation import gettext as _

from gigs.models import Application, BudgetType
from khidma.kernel.errors import Invalid
from khidma.kernel.money import divide
from orders.models import Order

MINUTES = 60


class AgreedHours(TypedDict):
    """The columns of an order that only work by the hour fills; `rate` in paise per hour."""

    rate: int | None
    agreed_hours: int | None


def agreed_amount(application: Application) -> int:
    """What the escrow is to hold, in paise: by the hour, the rate for all the hours that were agreed."""
    return application.proposed_amount * (application.agreed_hours or 1)


def agreed_hours(application: Application) -> AgreedHours:
    """Rate and hours as the application has them; nothing for other budgets."""
    if application.gig.budget_type != BudgetType.HOURLY:
        return {"rate": None, "agreed_hours": None}
    return {"rate": application.proposed_amount, "agreed_hours": application.agreed_hours}


def check_minutes(order: Order, minutes: int | None) -> None:
    """:raises Invalid: work by the hour without its minutes, more of them than agreed, or other work with some."""
    most = (order.agreed_hours or 0) * MINUTES
    if not order.is_hourly and minutes is not None:
        raise Invalid(details={"minutesWorked": [_("Only work by the hour has minutes.")]})
    if order.is_hourly and minutes is None:
        raise Invalid(details={"minutesWorked": [_("This field is required.")]})
    if minutes is not None and not 1 <= minutes <= most:
        raise Invalid(details={"minutesWorked": [_("Must be from 1 to %(most)d.") % {"most": most}]})


def earned_amount(order: Order) -> int:
    """The doer's gross part, in paise: all of it, or by the hour rate × minutes / 60, rounded half up."""
    if not order.is_hourly:
        return order.amount
    return divide((order.rate or 0) * (order.minutes_worked or 0), MINUTES)
