"""Applications, to the two people whom they concern."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from accounts.selectors import reads_everything
from gigs.models import Application, ApplicationMilestone, Gig
from khidma.kernel.errors import NotFound
from khidma.media.selectors import files_of


def _described(applications: QuerySet[Application]) -> QuerySet[Application]:
    steps = Prefetch("milestones", ApplicationMilestone.objects.order_by("position"))
    applications = applications.select_related("doer", "gig").defer("gig__search_document").prefetch_related(steps)
    return applications.annotate(files=files_of("application"))


def may_see_applications(user: User, ids: Collection[UUID]) -> bool:
    """Whether any of these applications is this user's, or for this user's gig, and with it its files."""
    return reads_everything(user) or Application.objects.of_party(user).filter(pk__in=ids).exists()


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
