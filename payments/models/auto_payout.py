"""Weekly withdrawals by themselves, for those who chose them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.money import CAP_PAISE, PaiseField


class Weekday(models.IntegerChoices):
    """Days by their ISO numbers."""

    MONDAY = 1, _("Monday")
    TUESDAY = 2, _("Tuesday")
    WEDNESDAY = 3, _("Wednesday")
    THURSDAY = 4, _("Thursday")
    FRIDAY = 5, _("Friday")
    SATURDAY = 6, _("Saturday")
    SUNDAY = 7, _("Sunday")


class AutoPayout(Record):
    """What a user chose: everything available is withdrawn on this day of the week, if it is at least the minimum.

    `next_at` is when it is tried next, and `week` the Monday of the week that this is for; a try that was put off
    is still for its own week.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="auto_payout")
    enabled = models.BooleanField()
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    minimum = PaiseField()
    next_at = models.DateTimeField(null=True)
    week = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(minimum__gte=1, minimum__lte=CAP_PAISE), name="payments_auto_payout_minimum"
            ),
            models.CheckConstraint(condition=Q(weekday__gte=1, weekday__lte=7), name="payments_auto_payout_weekday"),
            models.CheckConstraint(
                condition=Q(enabled=True, next_at__isnull=False, week__isnull=False)
                | Q(enabled=False, next_at__isnull=True, week__isnull=True),
                name="payments_auto_payout_planned",
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(enabled=True), name="payments_auto_payout_next")]

    def __str__(self) -> str:
        return f"weekly withdrawal of {self.user_id}"


class AutoPayoutRun(Record):
    """The one withdrawal that was made by itself for a user and week."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="auto_payout_runs")
    week = models.DateField()
    payout = models.OneToOneField("payments.Payout", on_delete=models.PROTECT, related_name="auto_run")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "week"], name="payments_auto_payout_once_a_week")]

    def __str__(self) -> str:
        return f"{self.user_id} in the week of {self.week}"
