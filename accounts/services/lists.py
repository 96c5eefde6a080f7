"""The lists that profiles and gigs speak of: categories, skills, zones."""

from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower
from django.utils.text import slugify

from accounts.catalogue import ON_SITE_TOO, TREE
from accounts.errors import ZoneNameTaken
from accounts.models import Category, GigKind, Skill, Zone
from khidma.kernel.clock import Now
from khidma.kernel.states import lock


@transaction.atomic
def seed_categories() -> int:
    """Bring the category tree that Khidma ships up to date; safe to repeat. How many categories there are in it."""
    count = 0
    for position, (slug, names, children) in enumerate(TREE):
        kinds = [GigKind.REMOTE, GigKind.ON_SITE] if slug in ON_SITE_TOO else [GigKind.REMOTE]
        parent = _put_category(slug, names, None, kinds, position)
        for place, child_names in enumerate(children):
            _put_category(f"{slug}-{slugify(child_names[0])}", child_names, parent, kinds, place)
        count += 1 + len(children)
    return count


def _put_category(
    slug: str, names: tuple[str, str], parent: Category | None, kinds: list[GigKind], position: int
) -> Category:
    name, name_hi = names
    values = {"name": name, "name_hi": name_hi, "parent": parent, "kinds": kinds, "position": position}
    category, _ = Category.objects.update_or_create(slug=slug, defaults=values)
    return category


@transaction.atomic
def ensure_skills(*, names: Collection[str]) -> list[Skill]:
    """The skills of these names, made where there is none yet; upper and lower case are the same."""
    wanted = {name.strip().lower(): name.strip() for name in names if name.strip()}
    existing = set(_skills_called(wanted).values_list("lower_name", flat=True))
    missing = [Skill(name=name) for lower, name in sorted(wanted.items()) if lower not in existing]
    Skill.objects.bulk_create(missing, ignore_conflicts=True)
    return list(_skills_called(wanted).order_by("lower_name"))


def _skills_called(lower_names: Collection[str]) -> Any:
    return Skill.objects.annotate(lower_name=Lower("name")).filter(lower_name__in=list(lower_names))


@transaction.atomic
def add_zone(*, name: str, city: str, boundary: dict[str, Any]) -> Zone:
    """A zone with a GeoJSON Polygon as its boundary. :raises ZoneNameTaken: the city has a zone of this name."""
    return _put_zone(Zone(), name, city, boundary)


@transaction.atomic
def change_zone(*, zone: Zone, name: str, city: str, boundary: dict[str, Any]) -> Zone:
    """Give a zone another name or boundary. :raises ZoneNameTaken: the city has another zone of this name."""
    return _put_zone(lock(zone), name, city, boundary)


def _put_zone(zone: Zone, name: str, city: str, boundary: dict[str, Any]) -> Zone:
    ring = boundary["coordinates"][0]
    zone.name, zone.city, zone.boundary = name, city, boundary
    zone.west, zone.east = min(point[0] for point in ring), max(point[0] for point in ring)
    zone.south, zone.north = min(point[1] for point in ring), max(point[1] for point in ring)
    try:
        with transaction.atomic():
            zone.save()
    except IntegrityError as error:
        raise ZoneNameTaken from error
    return zone


def retire_zone(*, zone: Zone) -> None:
    """Take a zone out of use; what refers to it stays."""
    Zone.objects.filter(pk=zone.pk, retired_at__isnull=True).update(retired_at=Now())
