"""What a gig or an application must hold together, beyond what each field holds by itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict
from uuid import UUID

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts.models import Category, GigKind, Skill, Zone
from gigs.models import BudgetType, Gig
from khidma.kernel.clock import now
from khidma.kernel.errors import Invalid
from khidma.kernel.money import CAP_PAISE, rupees

SMALLEST_ORDER = 1_000
"""An order, and each milestone of one, is at least ₹10."""

FURTHEST_DEADLINE = timedelta(days=2 * 366)


class Place(TypedDict):
    """Where an on-site gig is: degrees, and how to find the door."""

    address: str
    city: str
    lat: float
    lng: float
    zone_id: NotRequired[UUID | None]
    access_instructions: NotRequired[str]


class MilestoneTerms(TypedDict):
    """One step of a bid; `amount` in paise."""

    title: str
    amount: int
    due_at: datetime


def find_category(slug: str) -> Category:
    """The category of this slug. :raises Invalid: there is none, or it is no longer in use."""
    category = Category.objects.filter(slug=slug, retired_at=None).first()
    if category is None:
        raise Invalid(details={"category": [_("There is no such category.")]})
    return category


def find_zone(zone_id: UUID) -> Zone:
    """The zone of this id. :raises Invalid: there is none."""
    zone = Zone.objects.filter(pk=zone_id, retired_at=None).first()
    if zone is None:
        raise Invalid(details={"location.zoneId": [_("There is no such zone.")]})
    return zone


def name_skills(gig: Gig, names: Sequence[str]) -> None:
    """Give the gig its skills, each once, in the spelling of the list of skills where it has them."""
    wanted = {" ".join(name.split()).lower(): " ".join(name.split()) for name in reversed(names)}
    wanted = dict(reversed(wanted.items()))
    known = Skill.objects.annotate(key=Lower("name")).filter(key__in=wanted).values_list("key", "name")
    wanted.update(dict(known))
    gig.skill_keys, gig.skills = list(wanted), list(wanted.values())


def set_place(gig: Gig, place: Place | None) -> None:
    """Give the gig its place, or take it away. :raises Invalid: the zone does not exist."""
    if place is None:
        gig.clear_place()
        return
    zone_id = place.get("zone_id")
    gig.place(
        address=place["address"],
        city=place["city"],
        zone_id=find_zone(zone_id).pk if zone_id else zone_at(place["lat"], place["lng"]),
        latitude=place["lat"],
        longitude=place["lng"],
        access_instructions=place.get("access_instructions", ""),
    )


def zone_at(latitude: float, longitude: float) -> UUID | None:
    """The zone that the point lies in, the smallest where zones overlap."""
    near = Zone.objects.filter(
        retired_at=None, south__lte=latitude, north__gte=latitude, west__lte=longitude, east__gte=longitude
    )
    around = [zone for zone in near if _is_inside(zone.boundary["coordinates"], latitude, longitude)]
    smallest = min(around, key=lambda zone: (zone.north - zone.south) * (zone.east - zone.west), default=None)
    return smallest.pk if smallest else None


def _is_inside(rings: Sequence[Sequence[Sequence[float]]], latitude: float, longitude: float) -> bool:
    """Whether an even-odd ray crosses the polygon's rings an odd number of times (holes included)."""
    crossings = 0
    for ring in rings:
        for (x1, y1, *_up), (x2, y2, *_rest) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if (y1 > latitude) != (y2 > latitude) and longitude < (x2 - x1) * (latitude - y1) / (y2 - y1) + x1:
                crossings += 1
    return crossings % 2 == 1


def check_gig(gig: Gig) -> None:
    """:raises Invalid: parts of the gig contradict each other."""
    wrong: dict[str, list[str]] = {}
    if gig.budget_min > gig.budget_max:
        wrong["budgetMin"] = [_("Must not be more than the highest budget.")]
    if gig.kind not in gig.category.kinds:
        wrong["kind"] = [_("This category has no such work.")]
    if gig.kind == GigKind.ON_SITE and gig.latitude is None:
        wrong["location"] = [_("On-site work needs a place.")]
    if gig.kind == GigKind.REMOTE and gig.latitude is not None:
        wrong["location"] = [_("Only on-site work has a place.")]
    if gig.kind == GigKind.REMOTE and gig.scheduled_at is not None:
        wrong["scheduledAt"] = [_("Only on-site work has a time.")]
    if wrong:
        raise Invalid(details=wrong)


def check_ahead(moment: datetime, *, field: str) -> None:
    """:raises Invalid: the moment has passed, or is more than two years away."""
    present = now()
    if moment <= present:
        raise Invalid(details={field: [_("Must be in the future.")]})
    if moment > present + FURTHEST_DEADLINE:
        raise Invalid(details={field: [_("Must be within two years.")]})


def check_bid(gig: Gig, *, amount: int, hours: int | None, milestones: Sequence[MilestoneTerms]) -> None:
    """:raises Invalid: hours, steps and amount do not fit each other, or the gig's kind of budget."""
    wrong: dict[str, list[str]] = {}
    if gig.budget_type == BudgetType.HOURLY and hours is None:
        wrong["agreedHours"] = [_("An hourly gig needs the hours.")]
    if gig.budget_type != BudgetType.HOURLY and hours is not None:
        wrong["agreedHours"] = [_("Only an hourly gig has hours.")]
    if gig.budget_type == BudgetType.MILESTONE and not milestones:
        wrong["milestones"] = [_("A milestone gig needs its steps.")]
    if gig.budget_type != BudgetType.MILESTONE and milestones:
        wrong["milestones"] = [_("Only a milestone gig has steps.")]
    if milestones and sum(step["amount"] for step in milestones) != amount:
        wrong.setdefault("milestones", [_("The amounts must add up to the proposed amount.")])
    if not SMALLEST_ORDER <= amount * (hours or 1) <= CAP_PAISE:
        wrong["proposedAmount"] = [
            _("All in all from %(least)s to %(most)s.") % {"least": rupees(SMALLEST_ORDER), "most": rupees(CAP_PAISE)}
        ]
    if wrong:
        raise Invalid(details=wrong)
