"""Boosts: some days for which a gig is shown before the others."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField
from khidma.kernel.states import StateField, Stateful
from orders.models.order import MINIMUM_AMOUNT
from orders.states import BOOST_STATES, BoostStatus


class BoostQuerySet(models.QuerySet["Boost"]):
    def unpaid_past(self, moment: datetime | models.Func) -> Self:
        """Those whose time to be paid is over."""
        return self.filter(status=BoostStatus.AWAITING_PAYMENT, unpaid_due_at__lte=moment)


class Boost(Stateful, Record):
    """Some days for which a gig is shown first, bought by its owner. The money stands in payments under its id.

    From `starts_at` to `ends_at` it is shown: right after the payment, or after the boost before it.
    """

    states = BOOST_STATES

    gig = models.ForeignKey("gigs.Gig", on_delete=models.PROTECT, related_name="boosts")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="boosts")
    days = models.PositiveSmallIntegerField()
    amount = PaiseField()
    status = StateField(choices=BoostStatus, default=BoostStatus.AWAITING_PAYMENT)
    unpaid_due_at = models.DateTimeField()
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)

    objects = BoostQuerySet.as_manager()

    class Meta:
        verbose_name = _("boost")
        verbose_name_plural = _("boosts")
        constraints = [
            models.UniqueConstraint(
                fields=["gig"], condition=Q(status=BoostStatus.AWAITING_PAYMENT), name="orders_boost_one_to_pay"
            ),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=31), name="orders_boost_days"),
            models.CheckConstraint(
                condition=Q(amount__gte=MINIMUM_AMOUNT, amount__lte=CAP_PAISE), name="orders_boost_amount"
            ),
            models.CheckConstraint(condition=Q(status__in=BoostStatus.values), name="orders_boost_is_known"),
            models.CheckConstraint(
                condition=~Q(status=BoostStatus.SHOWN) | Q(starts_at__isnull=False, ends_at__gt=models.F("starts_at")),
                name="orders_boost_shown_for_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["unpaid_due_at"], condition=Q(status=BoostStatus.AWAITING_PAYMENT), name="orders_boost_unpaid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gig_id} {self.days}"
