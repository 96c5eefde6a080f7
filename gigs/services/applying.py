"""What doers do with their applications."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from django.db import transaction

from accounts.models import User
from gigs.errors import AlreadyApplied, ApplicationAlreadyDecided, ApplicationNotPending, GigNotOpen, OwnGig
from gigs.events import ApplicationRevived, ApplicationSubmitted, ApplicationWithdrawn
from gigs.models import Application, ApplicationMilestone, Gig
from gigs.services.announcing import announce, lock_with_gig
from gigs.services.terms import MilestoneTerms, check_bid
from gigs.states import UNDECIDED_STATUSES, ApplicationStatus, GigStatus
from khidma.kernel.clock import now
from khidma.kernel.states import advance, lock, record_change
from khidma.media.services import attach, check_files


class Bid(TypedDict, total=False):
    """What a doer may say in an application; amounts in paise, per hour for hourly gigs."""

    cover_letter: str
    proposed_amount: int
    agreed_hours: int | None
    estimated_days: int | None
    can_start_at: datetime | None
    milestones: Sequence[MilestoneTerms]
    attachments: Sequence[UUID]


@transaction.atomic
def apply_to_gig(*, gig: Gig, doer: User, **bid: Unpack[Bid]) -> Application:
    """Bid on an open gig; `cover_letter` and `proposed_amount` must be in the bid.

    :raises Invalid: hours, steps or amount do not fit the gig.
    :raises OwnGig, GigNotOpen, AlreadyApplied: the doer may not, now.
    """
    milestones, files = bid.pop("milestones", ()), bid.pop("attachments", ())
    check_files(owner=doer, files=files)
    check_bid(gig, amount=bid["proposed_amount"], hours=bid.get("agreed_hours"), milestones=milestones)
    if gig.client_id == doer.pk:
        raise OwnGig
    gig = lock(gig)
    _require_open(gig)
    _require_no_other(gig, doer)
    application = Application.objects.create(gig=gig, doer=doer, **bid)
    _write_milestones(application, milestones)
    attach(owner=doer, thing="application", thing_id=application.pk, files=files)
    record_change(application, action="apply", by=doer, role="doer")
    announce(ApplicationSubmitted, application, gig, amount=application.proposed_amount)
    return application


@transaction.atomic
def change_application(*, application: Application, doer: User, **bid: Unpack[Bid]) -> Application:
    """Change a bid that nobody has looked at closely yet.

    :raises Invalid: the new terms do not fit the gig.
    :raises ApplicationNotPending, ApplicationAlreadyDecided: too late.
    """
    application = lock(application)
    has_new_steps = "milestones" in bid
    milestones = bid.pop("milestones", ()) if has_new_steps else _present_milestones(application)
    if "attachments" in bid:
        attach(owner=doer, thing="application", thing_id=application.pk, files=bid.pop("attachments"))
    for name, value in bid.items():
        setattr(application, name, value)
    check_bid(
        application.gig,
        amount=application.proposed_amount,
        hours=application.agreed_hours,
        milestones=milestones,
    )
    if application.status != ApplicationStatus.PENDING:
        refusal = ApplicationNotPending if application.status in UNDECIDED_STATUSES else ApplicationAlreadyDecided
        raise refusal(details={"status": application.status})
    application.updated_at = now()
    application.save()
    if has_new_steps:
        application.milestones.all().delete()
        _write_milestones(application, milestones)
    return application


@transaction.atomic
def withdraw_application(*, application: Application, doer: User) -> Application:
    """Take a bid back. :raises ApplicationAlreadyDecided: too late."""
    gig, application = lock_with_gig(application)
    present = now()
    advance(application, "withdraw", by=doer, role="doer", changes={"decided_at": present, "updated_at": present})
    announce(ApplicationWithdrawn, application, gig)
    return application


@transaction.atomic
def revive_application(*, application: Application, doer: User) -> Application:
    """Put a rejected bid back when its gig is open (again).

    :raises ApplicationNotRejected, GigNotOpen, AlreadyApplied: it may not stand now.
    """
    gig, application = lock_with_gig(application)
    application.states.find("revive", application.status, "doer")
    _require_open(gig)
    _require_no_other(gig, doer)
    advance(application, "revive", by=doer, role="doer", changes={"decided_at": None, "updated_at": now()})
    announce(ApplicationRevived, application, gig)
    return application


def _require_open(gig: Gig) -> None:
    if gig.removed_at is not None or gig.status != GigStatus.OPEN or gig.deadline <= now():
        raise GigNotOpen(details={"status": gig.status})


def _require_no_other(gig: Gig, doer: User) -> None:
    """The gig's lock makes this look good until the transaction ends; the constraint stands behind it."""
    if gig.applications.live().filter(doer=doer).exists():
        raise AlreadyApplied


def _write_milestones(application: Application, milestones: Sequence[MilestoneTerms]) -> None:
    ApplicationMilestone.objects.bulk_create(
        ApplicationMilestone(application=application, position=position, **step)
        for position, step in enumerate(milestones)
    )


def _present_milestones(application: Application) -> list[MilestoneTerms]:
    rows = application.milestones.order_by("position")
    return [MilestoneTerms(title=row.title, amount=row.amount, due_at=row.due_at) for row in rows]
