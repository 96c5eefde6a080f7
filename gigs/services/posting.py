"""Putting a gig up, changing it, and opening it again."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from django.db import transaction

from accounts.models import GigKind, User
from gigs.errors import DeadlinePassed, GigHasApplications, GigNotEditable
from gigs.events import GigPosted, GigReopened
from gigs.models import BudgetType, Gig, Priority
from gigs.services.terms import Place, check_ahead, check_gig, find_category, name_skills, set_place
from gigs.states import GigStatus
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock, record_change
from khidma.media.services import attach

SETTLED_BY_APPLICATIONS = {"kind", "category", "budget_type", "budget_min", "budget_max"}
"""What people applied to."""


class GigTerms(TypedDict, total=False):
    """What an owner may say of a gig; money in paise, `category` by slug."""

    kind: str
    title: str
    description: str
    category: str
    skills: Sequence[str]
    attachments: Sequence[UUID]
    budget_type: str
    budget_min: int
    budget_max: int
    deadline: datetime
    location: Place | None
    scheduled_at: datetime | None
    flexibility_minutes: int | None
    estimated_minutes: int | None
    priority: str


@transaction.atomic
def post_gig(*, client: User, status: str = GigStatus.OPEN, **terms: Unpack[GigTerms]) -> Gig:
    """Put a gig up, open or as a draft; title, description, category, budgets and deadline must be among the terms.

    :raises Invalid: the terms contradict each other, or the deadline is not ahead.
    """
    gig = Gig(client=client, kind=GigKind.REMOTE, budget_type=BudgetType.FIXED, status=status)
    _set(gig, terms)
    check_gig(gig)
    check_ahead(gig.deadline, field="deadline")
    if gig.kind == GigKind.ON_SITE:
        gig.priority = gig.priority or Priority.NORMAL
    gig.save(force_insert=True)
    record_change(gig, action="post", by=client, role="client")
    if gig.status == GigStatus.OPEN:
        publish(GigPosted(gig_id=gig.pk, client_id=client.pk, title=gig.title))
    return gig


@transaction.atomic
def change_gig(*, gig: Gig, client: User, status: str | None = None, **terms: Unpack[GigTerms]) -> Gig:
    """Change a gig before work begins; `status` open publishes a draft, a new deadline reopens an expired gig.

    :raises Invalid: the new terms contradict each other, or a new deadline is not ahead.
    :raises GigNotEditable: work has begun or the gig has ended.
    :raises GigHasApplications: money, kind or category of a gig that somebody applied to.
    """
    gig = lock(gig)
    before = {name: getattr(gig, f"{name}_id" if name == "category" else name) for name in SETTLED_BY_APPLICATIONS}
    _set(gig, terms)
    check_gig(gig)
    if "deadline" in terms:
        check_ahead(gig.deadline, field="deadline")
    if not gig.is_editable:
        raise GigNotEditable(details={"status": gig.status})
    after = {name: getattr(gig, f"{name}_id" if name == "category" else name) for name in SETTLED_BY_APPLICATIONS}
    if before != after and gig.applications.live().exists():
        raise GigHasApplications
    gig.updated_at = now()
    gig.save()
    if status == GigStatus.OPEN or (gig.status == GigStatus.EXPIRED and "deadline" in terms):
        return _open(gig, client)
    return gig


@transaction.atomic
def reopen_gig(*, gig: Gig, client: User, deadline: datetime | None = None) -> Gig:
    """Open a closed or expired gig again, or publish a draft.

    :raises Invalid: the new deadline is not ahead.
    :raises DeadlinePassed: the gig's own deadline has passed and no new one was given.
    :raises InvalidTransition: the gig is open, in work or at its end.
    """
    gig = lock(gig)
    if deadline is not None:
        check_ahead(deadline, field="deadline")
        gig.deadline = deadline
    return _open(gig, client)


def _open(gig: Gig, client: User) -> Gig:
    is_draft = gig.status == GigStatus.DRAFT
    present = now()
    gig.states.find("post" if is_draft else "reopen", gig.status, "client")
    if gig.deadline <= present:
        raise DeadlinePassed(details={"deadline": int(gig.deadline.timestamp() * 1000)})
    changes = {"deadline": gig.deadline, "updated_at": present}
    advance(gig, "post" if is_draft else "reopen", by=client, role="client", changes=changes)
    event = GigPosted if is_draft else GigReopened
    publish(event(gig_id=gig.pk, client_id=client.pk, title=gig.title))
    return gig


def _set(gig: Gig, terms: GigTerms) -> None:
    """Write the terms into the row in memory, each in its own way."""
    if "attachments" in terms:
        attach(owner=gig.client, thing="gig", thing_id=gig.pk, files=terms["attachments"])
    if "category" in terms:
        gig.category = find_category(terms["category"])
    if "skills" in terms:
        name_skills(gig, terms["skills"])
    if "location" in terms:
        set_place(gig, terms["location"])
    special = {"attachments", "category", "skills", "location"}
    for name, value in terms.items():
        if name not in special:
            setattr(gig, name, value)
