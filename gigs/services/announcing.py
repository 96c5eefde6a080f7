"""What several use cases do alike: reject an application, and say what happened to it."""

from typing import Any

from accounts.models import User
from gigs.events import ApplicationEvent, ApplicationRejected
from gigs.models import Application, Gig
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock


def lock_with_gig(application: Application) -> tuple[Gig, Application]:
    """Gig and application under lock, always in this order: every use case that needs both would deadlock otherwise."""
    gig = lock(Gig, application.gig_id)
    application = lock(application)
    application.gig = gig
    return gig, application


def announce(event: type[ApplicationEvent], application: Application, gig: Gig, **more: Any) -> None:
    """Publish what happened to an application."""
    publish(
        event(
            application_id=application.pk,
            conversation_id=application.conversation_id,
            gig_id=gig.pk,
            client_id=gig.client_id,
            doer_id=application.doer_id,
            title=gig.title,
            **more,
        )
    )


def reject(
    application: Application, *, gig: Gig, by: User | None, role: str, reason: str, is_with_gig: bool = False
) -> None:
    """Reject an application whose row is locked. :raises ApplicationAlreadyDecided: too late."""
    present = now()
    changes = {"decided_at": present, "updated_at": present}
    advance(application, "reject", by=by, role=role, reason=reason, changes=changes)
    announce(ApplicationRejected, application, gig, reason=reason, is_with_gig=is_with_gig)
