"""Taxes that were paid to the government."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.money import PaiseField


class Remittance(Record):
    """One challan: what of each tax was remitted, in paise, and what of the GST was set off against GST we paid.

    Written once, with its posting under `remit:<challan>`.
    """

    challan = models.CharField(_("challan"), max_length=40, unique=True)
    gst = PaiseField(_("GST on commissions"), default=0)
    tds = PaiseField(_("TDS"), default=0)
    tcs = PaiseField(_("TCS"), default=0)
    supply_gst = PaiseField(_("GST on supplies, section 9(5)"), default=0)
    set_off = PaiseField(_("set off against GST paid"), default=0)
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="remittances", verbose_name=_("asked by")
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="remittances_confirmed",
        verbose_name=_("confirmed by"),
    )

    class Meta:
        verbose_name = _("tax remitted")
        verbose_name_plural = _("taxes remitted")
        constraints = [
            models.CheckConstraint(
                condition=Q(gst__gte=0, tds__gte=0, tcs__gte=0, supply_gst__gte=0, set_off__gte=0),
                name="payments_remittance_amounts",
            ),
            models.CheckConstraint(
                condition=Q(gst__gt=0) | Q(tds__gt=0) | Q(tcs__gt=0) | Q(supply_gst__gt=0),
                name="payments_remittance_of_something",
            ),
            models.CheckConstraint(condition=Q(set_off__lte=F("gst")), name="payments_remittance_set_off"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("by")), name="payments_remittance_two_people"
            ),
        ]

    def __str__(self) -> str:
        return self.challan

    @property
    def amount(self) -> int:
        """All of it, in paise."""
        return self.gst + self.tds + self.tcs + self.supply_gst
