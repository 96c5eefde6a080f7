"""Categories, skills and zones, as those who write a gig choose from them."""

from datetime import timedelta
from typing import Any

from django.db.models import Avg, Count, FloatField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Lower, NullIf

from accounts.models import Category, DoerProfile, GigKind, Skill, Zone
from accounts.states import DoerStatus
from gigs.models import Gig
from gigs.states import GigStatus
from khidma.kernel.clock import Now

COVERAGE_SPAN = timedelta(days=30)


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


def list_zones() -> QuerySet[Zone]:
    """The zones in use, each with its figures.

    `active_providers`: approved doers who work there, and `response_minutes`, the mean of how fast they answer;
    `pending_requests`: open on-site gigs; `coverage`: of the on-site gigs posted there in the last 30 days, the
    share for which a doer was found. A figure without data is null.
    """
    doers = DoerProfile.objects.filter(zones=OuterRef("pk"), status=DoerStatus.APPROVED).order_by().values("zones")
    gigs = Gig.objects.present().filter(zone=OuterRef("pk"), kind=GigKind.ON_SITE).order_by().values("zone")
    recent = gigs.filter(created_at__gte=Now() - COVERAGE_SPAN).exclude(status=GigStatus.DRAFT)
    taken = Count("pk", filter=Q(status__in=(GigStatus.IN_PROGRESS, GigStatus.COMPLETED)))
    share = Cast(taken, FloatField()) / NullIf(Count("pk"), Value(0))
    return (
        Zone.objects.filter(retired_at=None)
        .annotate(
            active_providers=Coalesce(Subquery(doers.annotate(figure=Count("pk")).values("figure")), Value(0)),
            response_minutes=Subquery(doers.annotate(figure=Avg("response_minutes")).values("figure")),
            pending_requests=Coalesce(
                Subquery(gigs.filter(status=GigStatus.OPEN).annotate(figure=Count("pk")).values("figure")), Value(0)
            ),
            coverage=Subquery(recent.annotate(figure=share).values("figure"), output_field=FloatField()),
        )
        .order_by("city", "name")
    )
