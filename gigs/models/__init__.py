"""The tables of gigs: posted work, and the bids on it."""

from accounts.models import GigKind
from gigs.models.application import Application, ApplicationMilestone
from gigs.models.gig import BudgetType, Gig, Priority
from gigs.models.interest import GigView, SavedGig, SearchWord

__all__ = [
    "Application",
    "ApplicationMilestone",
    "BudgetType",
    "Gig",
    "GigKind",
    "GigView",
    "Priority",
    "SavedGig",
    "SearchWord",
]
