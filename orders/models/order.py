"""The order: the contract between two people."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from gigs.models import BudgetType, GigKind
from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from khidma.kernel.states import StateField, Stateful
from orders.states import ENDED, ORDER_STATES, OrderStatus

if TYPE_CHECKING:
    from orders.models.cancelling import Cancellation

MINIMUM_AMOUNT = 1_000
"""The least that an order may be about: ₹10 in paise."""


class CancelReason(models.TextChoices):
    CHANGED_MIND = "changed_mind", _("changed mind")
    DOER_NO_SHOW = "doer_no_show", _("the doer did not come")
    CLIENT_NO_SHOW = "client_no_show", _("the client was not there")
    DOER_UNREACHABLE = "doer_unreachable", _("the doer cannot be reached")
    WRONG_DESCRIPTION = "wrong_description", _("the description was wrong")
    EMERGENCY = "emergency", _("emergency")
    OTHER = "other", _("other")
    UNPAID = "unpaid", _("not paid in time")
    SILENT = "silent", _("nothing was handed in")


class OrderQuerySet(models.QuerySet["Order"]):
    def of(self, user: models.Model) -> Self:
        """Those that the user is a party of."""
        return self.filter(Q(client_id=user.pk) | Q(doer_id=user.pk))

    def live(self) -> Self:
        """Those that have not ended."""
        return self.exclude(status__in=ENDED)

    def unpaid_past(self, moment: datetime | models.Func) -> Self:
        """Those whose time to be paid is over."""
        return self.filter(status=OrderStatus.PENDING_PAYMENT, unpaid_due_at__lte=moment)

    def silent_since(self, *, due_before: datetime, funded_before: datetime) -> Self:
        """Those in work for which nothing was ever handed in, long past the deadline (or the payment)."""
        is_late = Q(due_at__lte=due_before) | Q(due_at__isnull=True, funded_at__lte=funded_before)
        return self.filter(is_late, status=OrderStatus.IN_PROGRESS, submitted_at__isnull=True)

    def unanswered_past(self, moment: datetime | models.Func) -> Self:
        """Those whose submitted work nobody answered in time."""
        return self.filter(status=OrderStatus.SUBMITTED, auto_approve_at__lte=moment)


class Order(Stateful, Record):
    """An accepted gig: one client, one doer, an amount. Rate, commission and policy are frozen when it is placed.

    The money stands in payments under the order's id; `amount` here is what was agreed.
    """

    states = ORDER_STATES

    gig = models.ForeignKey("gigs.Gig", on_delete=models.PROTECT, related_name="orders")
    application = models.OneToOneField("gigs.Application", on_delete=models.PROTECT, related_name="order")
    client = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders_as_client")
    doer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders_as_doer")
    conversation_id = models.UUIDField(unique=True, editable=False)

    status = StateField(choices=OrderStatus, default=OrderStatus.PENDING_PAYMENT)
    kind = models.CharField(max_length=10, choices=GigKind)
    budget_type = models.CharField(max_length=10, choices=BudgetType)
    amount = PaiseField()
    rate = PaiseField(null=True, help_text=_("Paise per hour, of orders by the hour."))
    agreed_hours = models.PositiveIntegerField(null=True)
    minutes_worked = models.PositiveIntegerField(null=True)
    commission_bp = models.PositiveSmallIntegerField(help_text=_("Commission in basis points, frozen."))
    policy_version = models.PositiveSmallIntegerField()
    delivery_days = models.PositiveSmallIntegerField(
        null=True, help_text=_("Days that the doer asked for, from the payment on.")
    )

    due_at = models.DateTimeField(null=True)
    scheduled_at = models.DateTimeField(null=True)
    unpaid_due_at = models.DateTimeField()
    auto_approve_at = models.DateTimeField(null=True)
    funded_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=20, choices=CancelReason, blank=True)

    start_code = models.CharField(max_length=4, blank=True)
    start_tries = models.PositiveSmallIntegerField(default=0)
    start_locked_until = models.DateTimeField(null=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(
                fields=["gig"], condition=~Q(status=OrderStatus.CANCELLED), name="orders_one_live_order_per_gig"
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=MINIMUM_AMOUNT, amount__lte=CAP_PAISE), name="orders_amount_in_range"
            ),
            models.CheckConstraint(condition=Q(commission_bp__lte=10_000), name="orders_commission_is_a_share"),
            models.CheckConstraint(condition=~Q(client=F("doer")), name="orders_parties_differ"),
            models.CheckConstraint(
                condition=~Q(budget_type=BudgetType.HOURLY) | Q(rate__isnull=False, agreed_hours__isnull=False),
                name="orders_hourly_has_a_rate",
            ),
            models.CheckConstraint(
                condition=Q(minutes_worked__isnull=True)
                | Q(minutes_worked__gte=1, minutes_worked__lte=F("agreed_hours") * 60),
                name="orders_minutes_within_hours",
            ),
            models.CheckConstraint(
                condition=~Q(status=OrderStatus.SUBMITTED)
                | Q(auto_approve_at__isnull=False, submitted_at__isnull=False),
                name="orders_submitted_has_a_clock",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[OrderStatus.PENDING_PAYMENT, OrderStatus.CANCELLED])
                | Q(funded_at__isnull=False),
                name="orders_work_is_funded",
            ),
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="orders_status_is_known"),
            models.CheckConstraint(
                condition=Q(completed_at__isnull=False, status=OrderStatus.COMPLETED)
                | Q(completed_at__isnull=True) & ~Q(status=OrderStatus.COMPLETED),
                name="orders_completed_has_a_moment",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=False, status=OrderStatus.CANCELLED) & ~Q(cancel_reason="")
                | Q(cancelled_at__isnull=True) & ~Q(status=OrderStatus.CANCELLED),
                name="orders_cancelled_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-created_at", "-id"], name="orders_of_client"),
            models.Index(fields=["doer", "-created_at", "-id"], name="orders_of_doer"),
            models.Index(
                fields=["unpaid_due_at"], condition=Q(status=OrderStatus.PENDING_PAYMENT), name="orders_unpaid_due"
            ),
            models.Index(
                fields=["due_at"],
                condition=Q(status=OrderStatus.IN_PROGRESS, submitted_at__isnull=True),
                name="orders_silent",
            ),
            models.Index(
                fields=["auto_approve_at"], condition=Q(status=OrderStatus.SUBMITTED), name="orders_approval_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.status})"

    @property
    def is_paid_for(self) -> bool:
        """Whether its money reached the escrow at some time."""
        return self.funded_at is not None

    @property
    def cancel_reason_or_none(self) -> str | None:
        return self.cancel_reason or None

    @property
    def cancellation_or_none(self) -> "Cancellation | None":
        return getattr(self, "cancellation", None)

    @property
    def cancellation_fault(self) -> str | None:
        """Whose fault it was that the order was cancelled; nothing, where nobody had to ask."""
        cancellation = self.cancellation_or_none
        return cancellation.fault if cancellation else None

    @property
    def is_on_site(self) -> bool:
        return self.kind == GigKind.ON_SITE

    @property
    def has_milestones(self) -> bool:
        return self.budget_type == BudgetType.MILESTONE

    @property
    def is_hourly(self) -> bool:
        return self.budget_type == BudgetType.HOURLY

    def side_of(self, user: models.Model) -> str | None:
        """`client`, `doer`, or None for anybody else."""
        return {self.client_id: "client", self.doer_id: "doer"}.get(user.pk)
