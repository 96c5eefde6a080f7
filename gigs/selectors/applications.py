"""Applications, to the two people whom they concern."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from gigs.models import Application, ApplicationMilestone, Gig
from khidma.kernel.errors import NotFound


def _described(applications: QuerySet[Application]) -> QuerySet[Application]:
    steps = Prefetch("milestones", ApplicationMilestone.objects.order_by("position"))
    return applications.select_related("doer", "gig").defer("gig__search_document").prefetch_related(steps)


def get_application_for(user: User, application_id: UUID) -> Application:
    """One application, if this user made it or owns its gig. :raises NotFound:"""
    application = _described(Application.objects.of_party(user)).filter(pk=application_id).first()
    if application is None:
        raise NotFound
    return application


def list_applications_for_gig(gig: Gig, *, status: Sequence[str] = ()) -> QuerySet[Application]:
    """The applications that a gig got, in every state or in these."""
    applications = Application.objects.filter(gig=gig)
    return _described(applications.filter(status__in=status) if status else applications)


def list_own_applications(
    user: User, *, status: Sequence[str] = (), gig_id: UUID | None = None
) -> QuerySet[Application]:
    """The applications that this doer made."""
    applications = Application.objects.filter(doer=user)
    if gig_id:
        applications = applications.filter(gig=gig_id)
    return _described(applications.filter(status__in=status) if status else applications)
