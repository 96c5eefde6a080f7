"""The list of gigs: every filter and sort, each with an index behind it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, FloatField, IntegerField, Q, QuerySet, Value
from django.db.models.functions import ASin, Cast, Cos, Least, Lower, Power, Radians, Sin, Sqrt

from accounts.models import Category, User
from gigs.models import Gig
from gigs.selectors.gigs import described_for
from gigs.selectors.searching import search
from gigs.states import PUBLIC_STATUSES, GigStatus
from khidma.kernel.clock import Now
from khidma.kernel.errors import Invalid

EARTH_RADIUS_METRES = 6_371_008.8
METRES_PER_DEGREE = 111_195.0
DEFAULT_ORDER = ("-is_shown_first", "-created_at", "-id")

COLUMNS = {
    "createdAt": "created_at",
    "deadline": "deadline",
    "budgetMin": "budget_min",
    "budgetMax": "budget_max",
    "applicationsCount": "applications_count",
    "relevance": "relevance",
    "distance": "distance",
}
FALLING = {"createdAt", "budgetMax", "applicationsCount", "relevance"}
"""Sorts that start with the highest unless the caller says otherwise."""


@dataclass(frozen=True, kw_only=True)
class GigFilters:
    """What the caller asked for; empty means any. Money in paise, distances in kilometres, places in degrees."""

    category: str = ""
    skills: Sequence[str] = ()
    budget_min: int | None = None
    budget_max: int | None = None
    deadline: tuple[datetime, datetime] | None = None
    status: str = GigStatus.OPEN
    kind: str = ""
    zone: UUID | None = None
    city: str = ""
    near: tuple[float, float] | None = None
    radius_km: float = 10
    university: str = ""
    posted_since: datetime | None = None
    search: str = ""
    sort_by: str = ""
    sort_order: str = ""


def order_of(filters: GigFilters) -> tuple[str, ...]:
    """The keys of the order; boosted gigs come first only where nobody asked for another one."""
    sort = filters.sort_by or ("relevance" if filters.search else "")
    if not sort:
        return DEFAULT_ORDER
    falls = filters.sort_order == "desc" if filters.sort_order else sort in FALLING
    sign = "-" if falls else ""
    return (f"{sign}{COLUMNS[sort]}", f"{sign}id")


def list_gigs_for(user: User | None, filters: GigFilters) -> QuerySet[Gig]:
    """The gigs that match, as this viewer sees them; not yet ordered. :raises Invalid: no such category."""
    gigs: QuerySet[Gig] = Gig.objects.present() if filters.status in PUBLIC_STATUSES else Gig.objects.visible_to(user)
    gigs = gigs.filter(_condition(filters), status=filters.status)
    if filters.city:
        gigs = gigs.alias(lower_city=Lower("city")).filter(lower_city=filters.city.lower()).exclude(city="")
    if filters.near:
        gigs = _within(gigs, *filters.near, radius_km=filters.radius_km)
    if filters.search:
        gigs = search(gigs, filters.search)
    return described_for(gigs, user)


def first_of(gigs: QuerySet[Gig], count: int) -> QuerySet[Gig]:
    """Few gigs among which the first `count` of these in the default order are, found by the indexes: the time that a
    boost ends is no key of an index, so the newest boosted ones and the newest others are looked up by themselves."""
    newest = gigs.order_by("-created_at", "-id").values("pk")
    boosted = newest.filter(is_boosted=True, boosted_until__gt=Now())[:count]
    others = newest.exclude(is_boosted=True, boosted_until__gt=Now())[:count]
    return gigs.filter(pk__in=boosted.union(others, all=True))


def _condition(filters: GigFilters) -> Q:
    exact: dict[str, Any] = {
        "kind": filters.kind,
        "zone": filters.zone,
        "created_at__gte": filters.posted_since,
        "budget_max__gte": filters.budget_min,
        "budget_min__lte": filters.budget_max,
        "deadline__range": filters.deadline,
        "skill_keys__contains": [skill.lower() for skill in filters.skills],
    }
    condition = Q(**{name: value for name, value in exact.items() if value})
    if filters.category:
        condition &= Q(category__in=_family(filters.category))
    if filters.university:
        there = User.objects.filter(university=filters.university).exclude(university="")
        condition &= Q(client__in=there.values("pk"))
    return condition


def _family(slug: str) -> list[UUID]:
    """The category and its children. :raises Invalid: there is no such category."""
    rows = Category.objects.filter(Q(slug=slug) | Q(parent__slug=slug)).values_list("pk", flat=True)
    family = list(rows)
    if not family:
        raise Invalid(details={"category": ["There is no such category."]})
    return family


def _within(gigs: QuerySet[Gig], latitude: float, longitude: float, *, radius_km: float) -> QuerySet[Gig]:
    """Gigs whose area is near, each with its `distance` in metres: a box for the index, then the great circle."""
    metres = radius_km * 1000
    height = metres / METRES_PER_DEGREE
    box = Q(area_latitude__range=(latitude - height, latitude + height))
    if abs(latitude) + height < 89:
        width = height / math.cos(math.radians(abs(latitude) + height))
        box &= Q(area_longitude__range=(longitude - width, longitude + width))
    half = Power(Sin((Radians(F("area_latitude")) - math.radians(latitude)) / 2), 2) + (
        Cos(Radians(F("area_latitude")))
        * math.cos(math.radians(latitude))
        * Power(Sin((Radians(F("area_longitude")) - math.radians(longitude)) / 2), 2)
    )
    arc = ASin(Least(Sqrt(half), Value(1.0)), output_field=FloatField())
    distance = Cast(arc * (2 * EARTH_RADIUS_METRES), IntegerField())
    return gigs.filter(box).annotate(distance=distance).filter(distance__lte=metres)
