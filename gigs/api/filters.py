"""The query parameters of the lists of gigs."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError

from accounts.models import GigKind
from gigs.selectors import GigFilters
from gigs.states import ApplicationStatus, GigStatus
from khidma.http.fields import NUMBER, Choice, Day, Id, ListOf, Moment, Number, Paise, Slug, Text
from khidma.http.serializers import Query
from khidma.kernel.clock import now

INDIA = ZoneInfo("Asia/Kolkata")
SORTS = ["createdAt", "deadline", "budgetMin", "budgetMax", "applicationsCount", "relevance", "distance"]


class Point(Text):
    """`latitude,longitude` in degrees."""

    default_error_messages = {"point": _("Must be a latitude and a longitude in degrees, like 12.97,77.59.")}

    def to_internal_value(self, data: Any) -> Any:
        parts = data.replace(" ", "").split(",")
        if len(parts) != 2 or not all(NUMBER.fullmatch(part) for part in parts):
            self.fail("point")
        latitude, longitude = (float(part) for part in parts)
        if abs(latitude) > 90 or abs(longitude) > 180:
            self.fail("point")
        return latitude, longitude


class DayOrPeriod(Text):
    """`today`, `this_week`, `this_month` or a day, as the span from its first moment to its last in India."""

    default_error_messages = {"period": _("Must be today, this_week, this_month or a day like 2026-01-31.")}

    def to_internal_value(self, data: Any) -> Any:
        today = now().astimezone(INDIA).date()
        if data == "today":
            return span_of(today, today)
        if data == "this_week":
            monday = today - timedelta(days=today.weekday())
            return span_of(monday, monday + timedelta(days=6))
        if data == "this_month":
            next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
            return span_of(today.replace(day=1), next_month - timedelta(days=1))
        try:
            day = Day().run_validation(data)
        except ValidationError:
            self.fail("period")
        return span_of(day, day)


def span_of(first: date, last: date) -> tuple[datetime, datetime]:
    """From the first moment of one day to the last of another, in India."""
    start = datetime.combine(first, time.min, INDIA)
    return start, datetime.combine(last, time.max, INDIA)


class GigQuery(Query):
    """What the list of gigs can be asked for. Money in paise, `radiusKm` around `near`."""

    category = Slug(required=False)
    skills = ListOf(Text(single_line=True, max_length=60), required=False, max_length=20)
    budget_min = Paise(required=False, min_value=0)
    budget_max = Paise(required=False, min_value=0)
    deadline = DayOrPeriod(required=False)
    status = Choice(GigStatus.choices, required=False)
    kind = Choice(GigKind.choices, required=False)
    zone = Id(required=False)
    city = Text(required=False, single_line=True, max_length=80)
    near = Point(required=False)
    radius_km = Number(required=False, min_value=1, max_value=500)
    university = Text(required=False, single_line=True, max_length=160)
    posted_since = Moment(required=False)
    search = Text(required=False, max_length=200)
    sort_by = Choice(SORTS, required=False)
    sort_order = Choice(["asc", "desc"], required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "radius_km" in attrs and "near" not in attrs:
            raise ValidationError({"radius_km": _("Needs a place to be near to.")})
        if attrs.get("sort_by") == "distance" and "near" not in attrs:
            raise ValidationError({"sort_by": _("Distance needs a place to be near to.")})
        if attrs.get("sort_by") == "relevance" and "search" not in attrs:
            raise ValidationError({"sort_by": _("Relevance needs a search.")})
        if attrs.get("budget_min", 0) > attrs.get("budget_max", attrs.get("budget_min", 0)):
            raise ValidationError({"budget_min": _("Must not be more than the highest budget.")})
        return {"filters": GigFilters(**attrs)}


class OwnGigQuery(Query):
    status = ListOf(Choice(GigStatus.choices), required=False)


class ApplicationQuery(Query):
    status = ListOf(Choice(ApplicationStatus.choices), required=False)


class OwnApplicationQuery(ApplicationQuery):
    gig_id = Id(required=False)


class SkillQuery(Query):
    search = Text(required=False, single_line=True, max_length=60, default="")
