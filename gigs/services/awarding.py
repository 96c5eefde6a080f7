"""What orders tell gigs: somebody was chosen, the work is done, or nothing came of it."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from gigs.events import ApplicationAccepted, ApplicationLapsed, GigCancelled, GigReopened
from gigs.models import Application, Gig
from gigs.services.announcing import announce, lock_with_gig, reject
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import Forbidden
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock


@transaction.atomic
def award(*, application: Application, client: User, role: str = "client") -> Application:
    """Give the gig to one applicant and turn the others away. An operator may act for the client (`role`).

    :raises ApplicationAlreadyDecided: this application no longer stands.
    :raises GigNotOpen: the gig is neither open nor closed to applications.
    """
    gig, application = lock_with_gig(application)
    if role == "client" and gig.client_id != client.pk:
        raise Forbidden
    present = now()
    decided = {"decided_at": present, "updated_at": present}
    advance(application, "accept", by=client, role=role, changes=decided)
    advance(gig, "award", by=client, role=role, changes={"updated_at": present})
    announce(ApplicationAccepted, application, gig)
    for other in gig.applications.undecided().select_for_update(no_key=True).order_by("id"):
        reject(other, gig=gig, by=None, role="system", reason="Somebody else was chosen.")
    return application


@transaction.atomic
def release_gig(*, gig_id: UUID, application_id: UUID, reason: str) -> Gig:
    """The order died before the work began: the gig is open again, its address hidden, the application has lapsed."""
    gig = lock(Gig, gig_id)
    application = lock(Application, application_id)
    present = now()
    advance(application, "lapse", by=None, role="system", reason=reason, changes={"updated_at": present})
    hidden = {"exact_address_for": None, "updated_at": present}
    advance(gig, "release", by=None, role="system", reason=reason, changes=hidden)
    announce(ApplicationLapsed, application, gig)
    publish(GigReopened(gig_id=gig.pk, client_id=gig.client_id, title=gig.title))
    return gig


@transaction.atomic
def complete_gig(*, gig_id: UUID) -> Gig:
    """The work was approved."""
    gig = lock(Gig, gig_id)
    return advance(gig, "complete", by=None, role="system", changes={"updated_at": now()})


@transaction.atomic
def cancel_worked_gig(*, gig_id: UUID, reason: str = "") -> Gig:
    """The order was cancelled after the work had begun: the gig ends with it."""
    gig = lock(Gig, gig_id)
    hidden = {"exact_address_for": None, "updated_at": now()}
    advance(gig, "cancel_worked", by=None, role="system", reason=reason, changes=hidden)
    publish(GigCancelled(gig_id=gig.pk, client_id=gig.client_id, title=gig.title, reason=reason, cancelled_by="system"))
    return gig


def reveal_address(*, gig_id: UUID, doer_id: UUID) -> None:
    """The order is funded: its doer may see the exact place."""
    Gig.objects.filter(pk=gig_id).update(exact_address_for=doer_id, updated_at=Now())
