"""Categories, skills and zones."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import services
from accounts.errors import ZoneNameTaken
from accounts.models import Category, Skill, Zone

pytestmark = pytest.mark.django_db

ON_SITE_TOO = {"tutoring", "events", "delivery", "cleaning", "repairs", "photography"}
SLUGS = ["design", "writing", "programming", "tutoring", "video", "marketing", "data", "events", "delivery", "cleaning"]
SLUGS += ["repairs", "photography"]


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_the_shipped_categories_can_be_put_in_twice() -> None:
    assert services.seed_categories() == services.seed_categories() == Category.objects.count()

    tops = Category.objects.filter(parent__isnull=True).order_by("position")
    assert [category.slug for category in tops] == SLUGS
    for category in tops:
        assert category.kinds == (["remote", "on_site"] if category.slug in ON_SITE_TOO else ["remote"])
        assert category.name_hi
        assert category.children.count() >= 4
        assert all(child.kinds == category.kinds and child.name_hi for child in category.children.all())


def test_skills_are_made_once_whatever_their_case() -> None:
    first = services.ensure_skills(names=["Python", "excel", " "])
    second = services.ensure_skills(names=["python", "Excel", "Figma"])
    assert [skill.name for skill in second] == ["excel", "Figma", "Python"]
    assert {skill.pk for skill in first} < {skill.pk for skill in second}
    assert Skill.objects.count() == 3


def test_a_zone_knows_its_box_and_its_name_is_its_citys_own() -> None:
    zone = services.add_zone(name="Indiranagar", city="Bengaluru", boundary=box(77.6, 12.9, 77.7, 13.0))
    assert (zone.west, zone.south, zone.east, zone.north) == (77.6, 12.9, 77.7, 13.0)

    with pytest.raises(ZoneNameTaken):
        services.add_zone(name="indiranagar", city="BENGALURU", boundary=box(1, 1, 2, 2))
    assert Zone.objects.count() == 1

    services.retire_zone(zone=zone)
    assert services.add_zone(name="Indiranagar", city="Bengaluru", boundary=box(1, 1, 2, 2)).retired_at is None
    assert Zone.objects.count() == 2


def test_the_database_refuses_a_category_without_a_kind_or_above_itself() -> None:
    services.seed_categories()
    with pytest.raises(IntegrityError), transaction.atomic():
        Category.objects.create(slug="nothing", name="Nothing", kinds=[])
    category = Category.objects.get(slug="design")
    with pytest.raises(IntegrityError), transaction.atomic():
        Category.objects.filter(pk=category.pk).update(parent=category)
