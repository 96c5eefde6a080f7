"""Categories and skills, as those who write a gig choose from them."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower

from accounts.models import Category, Skill


def list_categories() -> list[dict[str, Any]]:
    """The categories in use as a tree: each with slug, name, kinds and its children."""
    rows = Category.objects.filter(retired_at=None).order_by("position", "name")
    nodes: dict[Any, dict[str, Any]] = {}
    for row in rows:
        nodes[row.pk] = {"slug": row.slug, "name": row.name, "kinds": row.kinds, "children": []}
    roots = []
    for row in rows:
        if row.parent_id is None:
            roots.append(nodes[row.pk])
        elif row.parent_id in nodes:
            nodes[row.parent_id]["children"].append(nodes[row.pk])
    return roots


def list_skills_like(start: str) -> QuerySet[Skill]:
    """Skills whose name starts like this, whatever the case."""
    skills = Skill.objects.annotate(lower_name=Lower("name"))
    return skills.filter(lower_name__startswith=start.lower()).order_by("lower_name")
