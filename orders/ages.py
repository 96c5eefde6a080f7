"""Maximum ages of orders, milestones and their clocks, and of gigs and escrows that follow an order."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from gigs.models import Application, BudgetType, Gig
from gigs.states import ApplicationStatus, GigStatus
from khidma.kernel.aging import may_last, since_last_step
from orders.models import Boost, Cancellation, CancellationPart, Milestone, Order, Review, SilenceQuestion
from orders.runtime import OrderSettings
from orders.states import ENDED, MILESTONE_ENDED, BoostStatus, MilestoneStatus, OrderStatus
from payments.models import Escrow
from payments.states import EscrowStatus

TAKEN_UP = timedelta(minutes=2)
"""A clock that runs every 30 seconds has taken up what is due by then."""
SLOWLY = timedelta(minutes=15)
"""The same of a clock that runs every five minutes."""


def answer_days(settings: OrderSettings) -> timedelta:
    return timedelta(days=settings.overdue_answer_days) + 2 * SLOWLY


def silence() -> timedelta:
    """How far past its date work may be that was never handed in: until the doer is asked, and has not answered."""
    settings = OrderSettings.load()
    return timedelta(days=settings.overdue_days) + answer_days(settings)


def undated_silence() -> timedelta:
    """The same after the payment, where there is no date."""
    settings = OrderSettings.load()
    return timedelta(days=settings.overdue_days_undated) + answer_days(settings)


def milestone_wait() -> timedelta:
    return timedelta(days=OrderSettings.load().milestone_wait_days) + SLOWLY


may_last(
    Order,
    {OrderStatus.PENDING_PAYMENT},
    since="unpaid_due_at",
    within=TAKEN_UP,
    sweep="orders.tasks.expire_unpaid_orders",
)
IN_WORK = {OrderStatus.IN_PROGRESS}
WHOLE = ~Q(budget_type=BudgetType.MILESTONE)
HELD_PAY = Escrow.objects.filter(part_of=OuterRef("pk"), status=EscrowStatus.FUNDED)
LIVE_MILESTONE = Milestone.objects.filter(order=OuterRef("pk")).exclude(status__in=MILESTONE_ENDED)
may_last(
    Order,
    IN_WORK,
    name="in_progress, with a date, never handed in",
    where=WHOLE & Q(submitted_at__isnull=True, due_at__isnull=False),
    since="due_at",
    within=silence,
    sweep="orders.tasks.refund_silent_orders",
)
may_last(
    Order,
    IN_WORK,
    name="in_progress, without a date, never handed in",
    where=WHOLE & Q(submitted_at__isnull=True, due_at__isnull=True),
    since="funded_at",
    within=undated_silence,
    sweep="orders.tasks.refund_silent_orders",
)
may_last(
    Order,
    IN_WORK,
    name="in_progress, sent back for revision",
    where=WHOLE & Q(submitted_at__isnull=False),
    since=Coalesce("due_at", "submitted_at"),
    within=timedelta(days=60),
    people="trust and safety: ask both sides",
)
may_last(
    Order,
    IN_WORK,
    name="in_progress, every milestone ended",
    where=Q(~Exists(LIVE_MILESTONE), ~Exists(HELD_PAY), budget_type=BudgetType.MILESTONE),
    since=since_last_step(Order),
    within=TAKEN_UP,
    people="finance: no money is left in it",
)
may_last(
    Order,
    {OrderStatus.SUBMITTED},
    since="auto_approve_at",
    within=TAKEN_UP,
    sweep="orders.tasks.approve_unanswered_work",
)
may_last(
    Order,
    {OrderStatus.APPROVED},
    since="approved_at",
    within=timedelta(days=10),
    people="finance: release or take back what is held",
)
may_last(
    Order,
    {OrderStatus.DISPUTED},
    since=since_last_step(Order),
    within=timedelta(days=30),
    people="trust and safety: decide the dispute",
)

GOING_ON = Q(order__status=OrderStatus.IN_PROGRESS)
may_last(
    Milestone,
    {MilestoneStatus.PENDING},
    where=GOING_ON & Q(turn_at__isnull=False),
    since="turn_at",
    within=milestone_wait,
    sweep="orders.tasks.drop_unpaid_milestones",
)
may_last(
    Milestone,
    {MilestoneStatus.FUNDED},
    name="funded, never handed in",
    where=GOING_ON & Q(submitted_at__isnull=True),
    since=Coalesce(F("asked_at"), F("due_at")),
    within=silence,
    sweep="orders.tasks.refund_overdue_milestones",
)
may_last(
    Milestone,
    {MilestoneStatus.FUNDED},
    name="funded, sent back for revision",
    where=GOING_ON & Q(submitted_at__isnull=False),
    since="due_at",
    within=timedelta(days=60),
    people="trust and safety: ask both sides",
)
may_last(
    Milestone,
    {MilestoneStatus.SUBMITTED},
    where=GOING_ON,
    since="auto_approve_at",
    within=TAKEN_UP,
    sweep="orders.tasks.approve_unanswered_milestones",
)
may_last(
    Milestone,
    {MilestoneStatus.PENDING, MilestoneStatus.FUNDED, MilestoneStatus.SUBMITTED},
    name="not ended, its order ended",
    where=Q(order__status__in=ENDED),
    since=since_last_step(Milestone),
    within=TAKEN_UP,
    people="finance: decide its escrow",
)

may_last(
    Cancellation,
    name="contest period over",
    where=Q(settled_at__isnull=True, contested_at__isnull=True),
    since="due_at",
    within=TAKEN_UP,
    sweep="orders.tasks.settle_cancellations",
)
may_last(SilenceQuestion, name="unanswered", since="due_at", within=SLOWLY, sweep="orders.tasks.refund_silent_orders")

LIVE_ORDER = Order.objects.filter(gig=OuterRef("pk")).exclude(status__in=ENDED)
may_last(
    Gig,
    {GigStatus.IN_PROGRESS},
    name="in_progress, its order ended",
    where=Q(~Exists(LIVE_ORDER)),
    since="updated_at",
    within=TAKEN_UP,
    people="operators: end the gig with its order",
)
may_last(
    Application,
    {ApplicationStatus.ACCEPTED},
    name="accepted, without an order",
    where=Q(~Exists(Order.objects.filter(application=OuterRef("pk")))),
    since="updated_at",
    within=TAKEN_UP,
    people="operators: place the order anew",
)

may_last(
    Boost,
    {BoostStatus.AWAITING_PAYMENT},
    since="unpaid_due_at",
    within=TAKEN_UP,
    sweep="orders.tasks.expire_unpaid_boosts",
)

ENDED_ORDERS = Order.objects.filter(status__in=ENDED)
UNSETTLED = Cancellation.objects.filter(settled_at__isnull=True).values("order_id")
KEPT = CancellationPart.objects.filter(cancellation__settled_at__isnull=True).values("reference")
may_last(
    Escrow,
    {EscrowStatus.AWAITING},
    name="awaiting, its order or milestone ended",
    where=Q(reference__in=ENDED_ORDERS.values("pk"))
    | Q(part_of__in=ENDED_ORDERS.values("pk"))
    | Q(reference__in=Milestone.objects.filter(status__in=MILESTONE_ENDED).values("pk")),
    since="created_at",
    within=TAKEN_UP,
    people="finance: nothing more can come for it",
)
may_last(
    Escrow,
    {EscrowStatus.FUNDED},
    name="funded, its order or milestone ended",
    where=Q(reference__in=ENDED_ORDERS.exclude(pk__in=UNSETTLED).values("pk"))
    | Q(part_of__in=ENDED_ORDERS.exclude(pk__in=UNSETTLED).values("pk"))
    | Q(reference__in=Milestone.objects.filter(status__in=MILESTONE_ENDED).exclude(pk__in=KEPT).values("pk")),
    since="funded_at",
    within=TAKEN_UP,
    people="finance: release or refund what is due",
)
may_last(
    Review,
    name="hidden, its wait over",
    where=Q(shown_at=None),
    since="due_at",
    within=TAKEN_UP,
    sweep="orders.tasks.show_due_reviews",
)
