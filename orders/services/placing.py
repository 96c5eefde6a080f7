"""Accepting an application: the order is made, and the place for its money with it."""

from datetime import timedelta

from django.db import transaction

from accounts.models import User
from gigs import services as gigs
from gigs.models import Application, BudgetType
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import record_change
from orders.errors import BudgetTypeNotOrderable, OrderAmountTooSmall
from orders.events import OrderPlaced
from orders.models import MINIMUM_AMOUNT, Order
from orders.runtime import POLICY_VERSION
from orders.services.announcing import facts
from orders.services.hours import agreed_amount, agreed_hours
from payments import services as payments
from payments.models import PaymentPurpose
from payments.runtime import PaymentSettings


@transaction.atomic
def accept_application(*, application: Application, client: User) -> Order:
    """Choose the doer: the gig is taken, the order waits for its money, a payment stands ready.

    :raises BudgetTypeNotOrderable, OrderAmountTooSmall: the application cannot become an order.
    :raises GigNotOpen, ApplicationAlreadyDecided: somebody was faster.
    """
    application = gigs.award(application=application, client=client)
    _require_orderable(application)
    order = _place(application, client)
    payments.open_escrow(
        reference=order.pk, payer=client, payee=application.doer, amount=order.amount, commission_bp=order.commission_bp
    )
    payments.start_payment(payer=client, references=[order.pk], purpose=PaymentPurpose.ORDER)
    publish(OrderPlaced(**facts(order), application_id=application.pk, unpaid_due_at=order.unpaid_due_at))
    return order


def _require_orderable(application: Application) -> None:
    budget_type = application.gig.budget_type
    if budget_type == BudgetType.MILESTONE:
        raise BudgetTypeNotOrderable(details={"budgetType": budget_type})
    minimum, amount = max(MINIMUM_AMOUNT, PaymentSettings.load().minimum_order), agreed_amount(application)
    if amount < minimum:
        raise OrderAmountTooSmall(details={"minimum": minimum, "amount": amount})


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
        policy_version=POLICY_VERSION,
        delivery_days=application.estimated_days,
        due_at=gig.deadline
        if application.estimated_days is None
        else placed_at + timedelta(days=application.estimated_days),
        scheduled_at=gig.scheduled_at,
        unpaid_due_at=placed_at + timedelta(hours=rules.unpaid_hours),
    )
    record_change(order, action="place", by=client, role="client")
    return order
