"""The states of gigs and applications, and who may move them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from gigs.errors import ApplicationAlreadyDecided, ApplicationNotRejected, GigNotOpen
from khidma.kernel.states import StateTable, Transition


class GigStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")
    IN_PROGRESS = "in_progress", _("in progress")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")


PUBLIC_STATUSES = (GigStatus.OPEN, GigStatus.CLOSED, GigStatus.IN_PROGRESS, GigStatus.COMPLETED)
"""A gig in one of these shows to everybody."""

EDITABLE_STATUSES = (GigStatus.DRAFT, GigStatus.OPEN, GigStatus.CLOSED, GigStatus.EXPIRED)

GIG_STATES = StateTable(
    "gig",
    [
        Transition("post", {GigStatus.DRAFT}, GigStatus.OPEN, actors={"client"}),
        Transition("close", {GigStatus.OPEN}, GigStatus.CLOSED, actors={"client", "operator"}, refusal=GigNotOpen),
        Transition("reopen", {GigStatus.CLOSED, GigStatus.EXPIRED}, GigStatus.OPEN, actors={"client"}),
        Transition(
            "award",
            {GigStatus.OPEN, GigStatus.CLOSED},
            GigStatus.IN_PROGRESS,
            actors={"client", "operator"},
            refusal=GigNotOpen,
        ),
        Transition("release", {GigStatus.IN_PROGRESS}, GigStatus.OPEN, actors={"system"}),
        Transition("complete", {GigStatus.IN_PROGRESS}, GigStatus.COMPLETED, actors={"system"}),
        Transition("cancel_worked", {GigStatus.IN_PROGRESS}, GigStatus.CANCELLED, actors={"system"}),
        Transition(
            "cancel",
            {GigStatus.DRAFT, GigStatus.OPEN, GigStatus.CLOSED},
            GigStatus.CANCELLED,
            actors={"client", "operator"},
        ),
        Transition("expire", {GigStatus.OPEN, GigStatus.CLOSED}, GigStatus.EXPIRED, actors={"system"}),
    ],
    ends={GigStatus.COMPLETED, GigStatus.CANCELLED},
)


class ApplicationStatus(models.TextChoices):
    PENDING = "pending", _("pending")
    SHORTLISTED = "shortlisted", _("shortlisted")
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")
    LAPSED = "lapsed", _("lapsed")


UNDECIDED_STATUSES = (ApplicationStatus.PENDING, ApplicationStatus.SHORTLISTED)
LIVE_STATUSES = (*UNDECIDED_STATUSES, ApplicationStatus.ACCEPTED)
"""A doer has at most one application in one of these per gig."""

APPLICATION_STATES = StateTable(
    "application",
    [
        Transition("shortlist", {ApplicationStatus.PENDING}, ApplicationStatus.SHORTLISTED, actors={"client"}),
        Transition("unshortlist", {ApplicationStatus.SHORTLISTED}, ApplicationStatus.PENDING, actors={"client"}),
        Transition(
            "accept",
            set(UNDECIDED_STATUSES),
            ApplicationStatus.ACCEPTED,
            actors={"client", "operator"},
            refusal=ApplicationAlreadyDecided,
        ),
        Transition(
            "reject",
            set(UNDECIDED_STATUSES),
            ApplicationStatus.REJECTED,
            actors={"client", "operator", "system"},
            refusal=ApplicationAlreadyDecided,
        ),
        Transition(
            "withdraw",
            set(UNDECIDED_STATUSES),
            ApplicationStatus.WITHDRAWN,
            actors={"doer"},
            refusal=ApplicationAlreadyDecided,
        ),
        Transition(
            "revive",
            {ApplicationStatus.REJECTED},
            ApplicationStatus.PENDING,
            actors={"doer"},
            refusal=ApplicationNotRejected,
        ),
        Transition("lapse", {ApplicationStatus.ACCEPTED}, ApplicationStatus.LAPSED, actors={"system"}),
    ],
    ends={ApplicationStatus.WITHDRAWN, ApplicationStatus.LAPSED},
)
