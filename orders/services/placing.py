"""Accepting an application: the order is made, and the place for its money with it."""

from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from django.db import transaction

from accounts.models import User
from gigs import services as gigs
from gigs.models import Application
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import record_change
from orders.errors import OrderAmountTooSmall
from orders.events import OrderPlaced
from orders.models import MINIMUM_AMOUNT, Order
from orders.selectors import supply_class_of
from orders.services.announcing import facts
from orders.services.hours import agreed_amount, agreed_hours
from orders.services.milestones.placing import place_milestones
from orders.services.policies import policy_in_force
from payments import services as payments
from payments.models import PaymentPurpose
from payments.runtime import PaymentSettings


class Deadline(TypedDict):
    """When an order is due, and the days that move it to so long after the payment."""

    delivery_days: int | None
    due_at: datetime


@transaction.atomic
def accept_application(*, application: Application, client: User) -> Order:
    """Choose the doer: the gig is taken, the order waits for its money, a payment stands ready.

    :raises OrderAmountTooSmall: the application cannot become an order.
    :raises GigNotOpen, ApplicationAlreadyDecided: somebody was faster.
    """
    application = gigs.award(application=application, client=client)
    _require_orderable(application)
    order = _place(application, client)
    references = _open_escrows(order, application)
    payments.start_payment(payer=client, references=references, purpose=PaymentPurpose.ORDER)
    publish(OrderPlaced(**facts(order), application_id=application.pk, unpaid_due_at=order.unpaid_due_at))
    return order


def _require_orderable(application: Application) -> None:
    minimum = max(MINIMUM_AMOUNT, PaymentSettings.load().minimum_order)
    smallest = min([agreed_amount(application), *application.milestones.values_list("amount", flat=True)])
    if smallest < minimum:
        raise OrderAmountTooSmall(details={"minimum": minimum, "amount": smallest})


def _open_escrows(order: Order, application: Application) -> list[UUID]:
    """The places for the order's money: one of its own, or one for each milestone."""
    if order.has_milestones:
        return [milestone.pk for milestone in place_milestones(order, application)]
    payments.open_escrow(
        reference=order.pk,
        payer=order.client,
        payee=order.doer,
        amount=order.amount,
        commission_bp=order.commission_bp,
        supply_class=supply_class_of(order.gig),
        title=order.gig.title,
    )
    return [order.pk]


def _place(application: Application, client: User) -> Order:
    """The row of the order, with the rules of the day frozen in it."""
    gig, rules, placed_at = application.gig, PaymentSettings.load(), now()
    order = Order.objects.create(
        gig=gig,
        application=application,
        client=client,
        doer=application.doer,
        conversation_id=application.conversation_id,
        kind=gig.kind,
        budget_type=gig.budget_type,
        amount=agreed_amount(application),
        **agreed_hours(application),
        commission_bp=rules.commission_bp,
        policy_version=policy_in_force().version,
        **_deadline(application, placed_at),
        scheduled_at=gig.scheduled_at,
        unpaid_due_at=placed_at + timedelta(hours=rules.unpaid_hours),
    )
    record_change(order, action="place", by=client, role="client")
    return order


def _deadline(application: Application, placed_at: datetime) -> Deadline:
    """By the days that the doer asked for, else the gig's own; in milestones, that of the last one."""
    last = max(application.milestones.values_list("due_at", flat=True), default=None)
    days = application.estimated_days
    if last is not None or days is None:
        return {"delivery_days": None, "due_at": last or application.gig.deadline}
    return {"delivery_days": days, "due_at": placed_at + timedelta(days=days)}
