"""Gigs and applications for tests, made as people make them: through the services."""

from datetime import timedelta
from time import sleep
from typing import Any

from accounts.models import Category, GigKind, User
from accounts.tests.factories import make_client, make_doer
from gigs import services
from gigs.models import Application, BudgetType, Gig
from khidma.kernel.clock import now


def make_category(
    slug: str = "design", *, name: str = "", parent: Category | None = None, on_site: bool = False
) -> Category:
    """A category of this slug, remote or for both kinds of work."""
    kinds = [GigKind.REMOTE.value, GigKind.ON_SITE.value] if on_site else [GigKind.REMOTE.value]
    values = {"name": name or slug.replace("-", " ").title(), "kinds": kinds, "parent": parent}
    category, _ = Category.objects.get_or_create(slug=slug, defaults=values)
    return category


def gig_terms(**over: Any) -> dict[str, Any]:
    """What a client says of a remote gig with a fixed budget."""
    terms = {
        "title": "Logo for a small bakery",
        "description": "A friendly logo for a new bakery in town, as a vector file.",
        "category": "design",
        "budget_min": 200_000,
        "budget_max": 500_000,
        "deadline": now() + timedelta(days=14),
    }
    return {**terms, **over}


def place(**over: Any) -> dict[str, Any]:
    """A place in Bengaluru."""
    here = {
        "address": "14, 2nd Cross, Indiranagar",
        "city": "Bengaluru",
        "lat": 12.978369,
        "lng": 77.640835,
        "access_instructions": "The bell is broken, please knock.",
    }
    return {**here, **over}


def make_gig(client: User | None = None, **over: Any) -> Gig:
    """An open gig."""
    terms = gig_terms(**over)
    is_on_site = terms.get("kind") == GigKind.ON_SITE
    make_category(terms["category"], on_site=is_on_site)
    if is_on_site:
        terms.setdefault("location", place())
    return services.post_gig(client=client or make_client(), **terms)


def make_application(gig: Gig | None = None, doer: User | None = None, **over: Any) -> Application:
    """A pending application that fits the gig."""
    gig = gig or make_gig()
    bid: dict[str, Any] = {
        "cover_letter": "I have drawn many logos and would like this one.",
        "proposed_amount": gig.budget_min,
    }
    if gig.budget_type == BudgetType.HOURLY:
        bid["agreed_hours"] = 10
    if gig.budget_type == BudgetType.MILESTONE:
        half = gig.budget_min // 2
        steps = [("Sketch", half), ("Final", gig.budget_min - half)]
        bid["milestones"] = [{"title": title, "amount": amount, "due_at": gig.deadline} for title, amount in steps]
    return services.apply_to_gig(gig=gig, doer=doer or make_doer(), **{**bid, **over})


def make_overdue_gig(**over: Any) -> Gig:
    """A gig that is still open although its deadline has just passed."""
    gig = make_gig(**over, deadline=now() + timedelta(milliseconds=300))
    sleep(0.35)
    return gig
