"""Closing, cancelling, deleting and expiring gigs."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from gigs.errors import GigHasDoer
from gigs.events import GigCancelled, GigClosed, GigExpired
from gigs.models import Gig
from gigs.services.announcing import reject
from gigs.states import ApplicationStatus, GigStatus
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock


@transaction.atomic
def close_gig(*, gig: Gig, client: User) -> Gig:
    """Take no more applications; those that came stand. :raises GigNotOpen: it is not open."""
    gig = lock(gig)
    advance(gig, "close", by=client, role="client", changes={"updated_at": now()})
    publish(GigClosed(gig_id=gig.pk, client_id=gig.client_id, title=gig.title))
    return gig


@transaction.atomic
def cancel_gig(*, gig: Gig, by: User, reason: str, role: str = "client") -> Gig:
    """Give the gig up before anybody was chosen; applicants are told. :raises InvalidTransition: too late."""
    gig = lock(gig)
    advance(gig, "cancel", by=by, role=role, reason=reason, changes={"updated_at": now()})
    _turn_applicants_away(gig, reason=reason, by=role)
    return gig


@transaction.atomic
def remove_gig(*, gig: Gig, client: User) -> None:
    """Delete the gig from everybody's sight; its row stays for the timeline.

    :raises GigHasDoer: somebody was accepted.
    """
    gig = lock(gig)
    if gig.applications.filter(status=ApplicationStatus.ACCEPTED).exists():
        raise GigHasDoer(details={"status": gig.status})
    if gig.states.allows("cancel", gig.status):
        cancel_gig(gig=gig, by=client, reason="The owner deleted the gig.")
    elif gig.status == GigStatus.EXPIRED:
        _turn_applicants_away(gig, reason="The owner deleted the gig.")
    Gig.objects.filter(pk=gig.pk).update(removed_at=Now(), updated_at=Now())


@transaction.atomic
def expire_gig(*, gig_id: UUID) -> bool:
    """End a gig whose deadline has passed; False if it was moved on meanwhile, or somebody else has it in hand."""
    due = Gig.objects.filter(pk=gig_id, status__in=(GigStatus.OPEN, GigStatus.CLOSED), deadline__lte=Now())
    gig = due.select_for_update(of=("self",), skip_locked=True, no_key=True).first()
    if gig is None:
        return False
    advance(gig, "expire", by=None, role="system", reason="The deadline has passed.", changes={"updated_at": now()})
    publish(GigExpired(gig_id=gig.pk, client_id=gig.client_id, title=gig.title))
    return True


def _turn_applicants_away(gig: Gig, *, reason: str, by: str = "client") -> None:
    """Reject what is undecided, and say that the gig will not be done."""
    waiting = list(gig.applications.undecided().select_for_update(no_key=True).order_by("id"))
    for application in waiting:
        reject(application, gig=gig, by=None, role="system", reason="The gig was cancelled.", is_with_gig=True)
    applicants = tuple(application.doer_id for application in waiting)
    publish(
        GigCancelled(
            gig_id=gig.pk,
            client_id=gig.client_id,
            title=gig.title,
            reason=reason,
            applicant_ids=applicants,
            cancelled_by=by,
        )
    )
