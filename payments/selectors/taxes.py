"""The taxes of a day, and of a payee: which rates apply to a gross part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from khidma.kernel.clock import now
from khidma.kernel.money import divide, portion
from payments.models import PanStatus, TaxKind, TaxProfile, TaxRate, TaxYear
from payments.runtime import PaymentSettings

WHOLE = 10_000


def day_of(moment: datetime) -> date:
    """The day in India, where the taxes are."""
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def financial_year(day: date) -> date:
    """The first day of the financial year, April to March, that a day is in."""
    return date(day.year if day.month >= 4 else day.year - 1, 4, 1)


@dataclass(frozen=True)
class Taxes:
    """What is due on one gross part, in paise: GST on the commission, TDS, GST on the supply, TCS."""

    gst: int = 0
    tds: int = 0
    supply_gst: int = 0
    tcs: int = 0

    @property
    def total(self) -> int:
        return self.gst + self.tds + self.supply_gst + self.tcs


@dataclass(frozen=True)
class TaxPayer:
    """What decides about a payee's taxes; `gross` in paise is what the financial year came to before."""

    pan_status: str
    has_gstin: bool = False
    gross: int = 0

    def after(self, gross: int) -> Self:
        """The same payee after so much more was decided for him."""
        return replace(self, gross=self.gross + gross)


@dataclass(frozen=True)
class Rates:
    """The rates in force on one day, in basis points; `threshold` in paise a year."""

    gst: int = 0
    tds: int = 0
    threshold: int = 0
    tds_without_pan: int = 0
    tcs: int = 0
    supplies: Mapping[str, int] = field(default_factory=dict)

    def taxes(self, *, gross: int, commission: int, payer: TaxPayer, supply_class: str) -> Taxes:
        """What is due on a gross part; each tax is rounded half up.

        A payee with a GSTIN owes the GST on the supply himself, so TCS is collected; of one without, the operator
        owes it where section 9(5) names the supply. The price has the GST inside (CGST rules, rule 35).
        """
        supply = 0 if payer.has_gstin else self.supply_rate(supply_class)
        return Taxes(
            gst=portion(commission, self.gst),
            tds=portion(gross, self._tds_rate(payer, gross)),
            supply_gst=divide(gross * supply, WHOLE + supply),
            tcs=portion(gross, self.tcs) if payer.has_gstin else 0,
        )

    def _tds_rate(self, payer: TaxPayer, gross: int) -> int:
        if payer.pan_status == PanStatus.NONE:
            return self.tds_without_pan
        is_small = payer.pan_status == PanStatus.INDIVIDUAL and payer.gross + gross <= self.threshold
        return 0 if is_small else self.tds

    def supply_rate(self, supply_class: str) -> int:
        """The rate of the class, else of the one above it (`repairs/plumbing`, `repairs`)."""
        while supply_class:
            if supply_class in self.supplies:
                return self.supplies[supply_class]
            supply_class = supply_class.rpartition("/")[0]
        return 0


def rates_on(day: date) -> Rates:
    """The rates in force on a day."""
    found: dict[str, TaxRate] = {}
    supplies: dict[str, int] = {}
    for rate in TaxRate.objects.counting_on(day):
        found[rate.kind] = rate
        if rate.kind == TaxKind.SUPPLY_GST:
            supplies[rate.supply_class] = rate.basis_points
    tds = found.get(TaxKind.TDS)
    return Rates(
        **{
            kind: found[kind].basis_points if kind in found else 0
            for kind in (TaxKind.GST, TaxKind.TDS, TaxKind.TDS_WITHOUT_PAN, TaxKind.TCS)
        },
        threshold=(tds.threshold or 0) if tds else 0,
        supplies=supplies,
    )


def taxpayers(user_ids: Iterable[UUID], *, day: date) -> dict[UUID, TaxPayer]:
    """Each of these payees, as of this day; two queries for any number of them."""
    ids = set(user_ids)
    profiles = {profile.user_id: profile for profile in TaxProfile.objects.filter(user__in=ids)}
    years = TaxYear.objects.filter(user__in=ids, starts_on=financial_year(day)).values_list("user_id", "gross")
    earned = dict(years)
    return {user_id: _taxpayer(profiles.get(user_id), earned.get(user_id, 0)) for user_id in ids}


def _taxpayer(profile: TaxProfile | None, gross: int) -> TaxPayer:
    if profile is None:
        return TaxPayer(pan_status=PaymentSettings.load().unknown_pan_status, gross=gross)
    return TaxPayer(pan_status=profile.pan_status, has_gstin=bool(profile.sealed_gstin), gross=gross)


def get_tax_profile_for(user_id: UUID) -> TaxProfile | None:
    """What the payee has said about tax, if anything."""
    return TaxProfile.objects.filter(user_id=user_id).first()


def today() -> date:
    """The day in India by the database's clock."""
    return day_of(now())
