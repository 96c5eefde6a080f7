"""What owners do with the applications they got, short of accepting one."""

from django.db import transaction

from accounts.models import User
from gigs.errors import ApplicationAlreadyDecided
from gigs.events import ApplicationShortlisted
from gigs.models import Application
from gigs.services.announcing import announce, lock_with_gig, reject
from gigs.states import UNDECIDED_STATUSES
from khidma.kernel.clock import now
from khidma.kernel.states import advance


@transaction.atomic
def shortlist_application(*, application: Application, client: User) -> Application:
    """Mark an application as one of the better ones.

    :raises ApplicationAlreadyDecided: too late. :raises InvalidTransition: it is on the list already.
    """
    gig, application = lock_with_gig(application)
    _require_undecided(application)
    advance(application, "shortlist", by=client, role="client", changes={"updated_at": now()})
    announce(ApplicationShortlisted, application, gig)
    return application


@transaction.atomic
def unshortlist_application(*, application: Application, client: User) -> Application:
    """Take an application off the list.

    :raises ApplicationAlreadyDecided: too late. :raises InvalidTransition: it is not on the list.
    """
    _gig, application = lock_with_gig(application)
    _require_undecided(application)
    return advance(application, "unshortlist", by=client, role="client", changes={"updated_at": now()})


@transaction.atomic
def reject_application(*, application: Application, client: User, reason: str = "") -> Application:
    """Say no to an application. :raises ApplicationAlreadyDecided: too late."""
    gig, application = lock_with_gig(application)
    reject(application, gig=gig, by=client, role="client", reason=reason)
    return application


def _require_undecided(application: Application) -> None:
    if application.status not in UNDECIDED_STATUSES:
        raise ApplicationAlreadyDecided(details={"status": application.status})
