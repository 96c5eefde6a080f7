"""What the law takes of a payee's gross part: rates with their first day, the payee's tax profile and its year."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.models import Record
from khidma.kernel.money import PaiseField
from khidma.kernel.sealing import unseal
from payments.gst import STATES


class TaxKind(models.TextChoices):
    """What a rate is for. The most that each may be keeps a payee's rest above zero at any commission."""

    GST = "gst", _("GST on the commission")
    TDS = "tds", _("Tax deducted by the operator")
    TDS_WITHOUT_PAN = "tds_without_pan", _("Tax deducted where neither PAN nor Aadhaar is known")
    TCS = "tcs", _("Tax collected from payees with a GSTIN")
    SUPPLY_GST = "supply_gst", _("GST on a supply that the operator owes, section 9(5)")


class PanStatus(models.TextChoices):
    """How a payee stands with PAN and Aadhaar."""

    INDIVIDUAL = "individual", _("individual or family with PAN or Aadhaar")
    OTHER = "other", _("company, firm or other body with PAN")
    NONE = "none", _("neither PAN nor Aadhaar")


class TaxRateQuerySet(models.QuerySet["TaxRate"]):
    def counting_on(self, day: date) -> Self:
        """Those begun by this day that came with the house or were confirmed, the earliest first."""
        is_ours = Q(proposed_by=None) | Q(confirmed_by__isnull=False)
        return self.filter(is_ours, starts_on__lte=day).order_by("starts_on")


class TaxRate(Record):
    """A rate from a day on, in basis points. Once begun it is never changed; the next one has a day of its own.

    `threshold` is the gross a year, in paise, up to which an individual pays nothing. `supply_class` is the class of
    supplies that section 9(5) names (and all below it). What an operator proposes counts once another confirmed it.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=TaxKind)
    supply_class = models.CharField(_("class of supply"), max_length=120, blank=True)
    basis_points = models.PositiveIntegerField(_("rate in basis points"))
    threshold = PaiseField(_("threshold a year"), null=True, blank=True)
    starts_on = models.DateField(_("first day"))
    law = models.CharField(_("law or notification"), max_length=200)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="tax_rates_proposed",
        verbose_name=_("proposed by"),
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="tax_rates_confirmed",
        verbose_name=_("confirmed by"),
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)

    objects = TaxRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        constraints = [
            models.UniqueConstraint(fields=["kind", "supply_class", "starts_on"], name="payments_tax_rate_once"),
            models.CheckConstraint(condition=Q(kind__in=TaxKind.values), name="payments_tax_rate_kind"),
            models.CheckConstraint(
                condition=Q(kind="supply_gst") & ~Q(supply_class="") | ~Q(kind="supply_gst") & Q(supply_class=""),
                name="payments_tax_rate_class",
            ),
            models.CheckConstraint(
                condition=Q(kind="tds", threshold__gte=0) | ~Q(kind="tds") & Q(threshold__isnull=True),
                name="payments_tax_rate_threshold",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["gst", "supply_gst"], basis_points__lte=2_800)
                | Q(kind__in=["tds", "tds_without_pan"], basis_points__lte=1_000)
                | Q(kind="tcs", basis_points__lte=200),
                name="payments_tax_rate_within",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="payments_tax_rate_confirmed_at",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=True)
                | Q(confirmed_by__isnull=True)
                | ~Q(confirmed_by=F("proposed_by")),
                name="payments_tax_rate_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.basis_points} bp from {self.starts_on}"


class TaxProfile(Record):
    """What a payee has said about tax. The GSTIN holds a PAN and is sealed for this row; `state` is a GST code."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="tax_profile", verbose_name=_("payee")
    )
    pan_status = models.CharField(_("PAN"), max_length=10, choices=PanStatus)
    sealed_gstin = models.TextField(_("GSTIN, sealed"), blank=True)
    state = models.CharField(_("state"), max_length=2, choices=sorted(STATES.items()))
    updated_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("tax profile")
        verbose_name_plural = _("tax profiles")
        constraints = [
            models.CheckConstraint(condition=Q(pan_status__in=PanStatus.values), name="payments_tax_profile_pan"),
            models.CheckConstraint(
                condition=Q(sealed_gstin="") | ~Q(pan_status="none"), name="payments_tax_profile_gstin_has_pan"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} ({self.pan_status})"

    @property
    def sealing_binding(self) -> str:
        """Where the sealed GSTIN belongs."""
        return f"tax_profile:{self.pk}:gstin"

    @property
    def gstin_last4(self) -> str | None:
        return self.gstin[-4:] if self.gstin else None

    @property
    def gstin(self) -> str | None:
        return unseal(self.sealed_gstin, binding=self.sealing_binding) if self.sealed_gstin else None


class TaxYear(models.Model):
    """A payee's gross of one financial year, in paise; its row is locked while a tax is worked out by it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="tax_years", verbose_name=_("payee"), db_index=False
    )
    starts_on = models.DateField(_("first day"))
    gross = models.BigIntegerField(_("gross"))

    class Meta:
        verbose_name = _("tax year")
        verbose_name_plural = _("tax years")
        constraints = [
            models.UniqueConstraint(fields=["user", "starts_on"], name="payments_tax_year_once"),
            models.CheckConstraint(condition=Q(gross__gte=0), name="payments_tax_year_gross"),
            models.CheckConstraint(
                condition=Q(starts_on__month=4, starts_on__day=1), name="payments_tax_year_begins_in_april"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} from {self.starts_on}"
