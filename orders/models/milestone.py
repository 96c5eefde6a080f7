"""Milestones: the parts of an order that are paid, worked and approved by themselves."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from khidma.kernel.states import StateField, Stateful
from orders.models.order import MINIMUM_AMOUNT, Order
from orders.states import MILESTONE_STATES, MilestoneStatus, OrderStatus


class MilestoneQuerySet(models.QuerySet["Milestone"]):
    def unanswered_past(self, moment: datetime | models.expressions.Combinable) -> Self:
        """Those whose submitted work nobody answered in time, while their order goes on."""
        return self.filter(
            status=MilestoneStatus.SUBMITTED, auto_approve_at__lte=moment, order__status=OrderStatus.IN_PROGRESS
        )

    def unfunded_since(self, moment: datetime | models.expressions.Combinable) -> Self:
        """Those whose turn came that long ago without their money, while their order goes on."""
        return self.filter(status=MilestoneStatus.PENDING, turn_at__lte=moment, order__status=OrderStatus.IN_PROGRESS)

    def never_submitted(self) -> Self:
        """Those whose money is here and for which nothing was ever handed in, while their order goes on."""
        return self.filter(status=MilestoneStatus.FUNDED, submitted_at=None, order__status=OrderStatus.IN_PROGRESS)

    def overdue_since(self, moment: datetime | models.expressions.Combinable) -> Self:
        """Those that were due, and paid, that long ago, and whose doer was not asked about it yet."""
        return self.never_submitted().filter(due_at__lte=moment, funded_at__lte=moment, asked_at=None)

    def asked_since(self, moment: datetime | models.expressions.Combinable) -> Self:
        """Those whose doer was asked that long ago and has still handed nothing in."""
        return self.never_submitted().filter(asked_at__lte=moment)


class Milestone(Stateful, Record):
    """One part of an order, paid, worked and approved by itself. Its money stands in payments under its own id.

    `commission` is its part of the order's commission, in paise: all parts add up to the order's exactly. Its turn
    comes when every earlier milestone has ended.
    """

    states = MILESTONE_STATES

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="milestones", db_index=False)
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    amount = PaiseField()
    commission = PaiseField()
    status = StateField(choices=MilestoneStatus, default=MilestoneStatus.PENDING)

    due_at = models.DateTimeField()
    turn_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True, help_text=_("When the doer was asked about work that is overdue."))
    auto_approve_at = models.DateTimeField(null=True)
    funded_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)

    objects = MilestoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="orders_milestone_position"),
            models.CheckConstraint(
                condition=Q(amount__gte=MINIMUM_AMOUNT, amount__lte=CAP_PAISE), name="orders_milestone_amount_in_range"
            ),
            models.CheckConstraint(
                condition=Q(commission__gte=0, commission__lte=F("amount")), name="orders_milestone_commission_in_range"
            ),
            models.CheckConstraint(condition=Q(status__in=MilestoneStatus.values), name="orders_milestone_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=[MilestoneStatus.PENDING, MilestoneStatus.DROPPED], funded_at__isnull=True)
                | Q(funded_at__isnull=False) & ~Q(status__in=[MilestoneStatus.PENDING, MilestoneStatus.DROPPED]),
                name="orders_milestone_work_is_funded",
            ),
            models.CheckConstraint(
                condition=Q(status=MilestoneStatus.SUBMITTED, submitted_at__isnull=False, auto_approve_at__isnull=False)
                | Q(auto_approve_at__isnull=True) & ~Q(status=MilestoneStatus.SUBMITTED),
                name="orders_milestone_submitted_has_a_clock",
            ),
            models.CheckConstraint(
                condition=Q(status=MilestoneStatus.APPROVED, approved_at__isnull=False)
                | Q(approved_at__isnull=True) & ~Q(status=MilestoneStatus.APPROVED),
                name="orders_milestone_approved_has_a_moment",
            ),
        ]
        indexes = [
            models.Index(
                fields=["auto_approve_at"],
                condition=Q(status=MilestoneStatus.SUBMITTED),
                name="orders_milestone_approval_due",
            ),
            models.Index(fields=["turn_at"], condition=Q(status=MilestoneStatus.PENDING), name="orders_milestone_turn"),
            models.Index(
                fields=["due_at"],
                condition=Q(status=MilestoneStatus.FUNDED, submitted_at=None),
                name="orders_milestone_overdue",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.title}"
