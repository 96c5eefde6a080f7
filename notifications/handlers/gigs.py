"""Gigs and applications."""

from gigs.events import (
    ApplicationAccepted,
    ApplicationLapsed,
    ApplicationRejected,
    ApplicationShortlisted,
    ApplicationSubmitted,
    GigCancelled,
    GigExpired,
)
from khidma.kernel.events import handles
from khidma.kernel.money import rupees
from notifications.handlers.telling import EVERYWHERE, tell, tell_of_application
from notifications.sentences import sentence as _


@handles(ApplicationSubmitted)
def tell_client_of_application(event: ApplicationSubmitted) -> None:
    body = _("%(amount)s for “%(title)s”.", amount=rupees(event.amount), title=event.title)
    tell_of_application(event, event.client_id, "new_application", _("New application"), body)


@handles(ApplicationShortlisted)
def tell_doer_of_shortlist(event: ApplicationShortlisted) -> None:
    body = _("You are on the shortlist for “%(title)s”.", title=event.title)
    tell_of_application(event, event.doer_id, "application_shortlisted", _("You are shortlisted"), body)


@handles(ApplicationAccepted)
def tell_doer_of_acceptance(event: ApplicationAccepted) -> None:
    body = _("You were chosen for “%(title)s”. Begin when the payment is in escrow.", title=event.title)
    tell_of_application(
        event, event.doer_id, "application_accepted", _("Your application was accepted"), body, EVERYWHERE
    )


@handles(ApplicationRejected)
def tell_doer_of_rejection(event: ApplicationRejected) -> None:
    if event.is_with_gig:
        return
    body = _("“%(title)s” went another way this time.", title=event.title)
    tell_of_application(event, event.doer_id, "application_rejected", _("Your application was not chosen"), body)


@handles(ApplicationLapsed)
def tell_doer_of_lapse(event: ApplicationLapsed) -> None:
    body = _("The order for “%(title)s” ended before work began.", title=event.title)
    tell_of_application(event, event.doer_id, "application_lapsed", _("The order did not go ahead"), body)


@handles(GigCancelled)
def tell_applicants_of_cancelled_gig(event: GigCancelled) -> None:
    body = _("“%(title)s” was cancelled by its client.", title=event.title)
    for doer_id in sorted(event.applicant_ids):
        tell(doer_id, "gig_cancelled", _("A gig was cancelled"), body, f"/gigs/{event.gig_id}", gigId=event.gig_id)


@handles(GigExpired)
def tell_client_of_expired_gig(event: GigExpired) -> None:
    body = _("The deadline of “%(title)s” has passed. Set a new one to open it again.", title=event.title)
    tell(event.client_id, "gig_expired", _("Your gig has expired"), body, f"/gigs/{event.gig_id}", gigId=event.gig_id)
