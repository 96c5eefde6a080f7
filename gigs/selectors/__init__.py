"""Reads of gigs that need an actor or shape a screen."""

from gigs.selectors.applications import (
    get_application_for,
    list_applications_for_gig,
    list_own_applications,
    may_see_applications,
)
from gigs.selectors.gigs import (
    get_gig_for,
    get_own_gig,
    get_visible_gig,
    list_overdue_gigs,
    list_own_gigs,
    list_saved_gigs,
    may_see_gigs,
)
from gigs.selectors.listing import DEFAULT_ORDER, GigFilters, first_of, list_gigs_for, order_of
from gigs.selectors.lists import list_categories, list_skills_like, list_zones

__all__ = [
    "DEFAULT_ORDER",
    "GigFilters",
    "first_of",
    "get_application_for",
    "get_gig_for",
    "get_own_gig",
    "get_visible_gig",
    "list_applications_for_gig",
    "list_categories",
    "list_gigs_for",
    "list_overdue_gigs",
    "list_own_applications",
    "list_own_gigs",
    "list_saved_gigs",
    "list_skills_like",
    "list_zones",
    "may_see_applications",
    "may_see_gigs",
    "order_of",
]
