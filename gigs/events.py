"""Every fact that gigs announces."""

from dataclasses import dataclass
from uuid import UUID

from khidma.kernel.events import Event


@dataclass(frozen=True)
class GigPosted(Event):
    """A gig is open for the first time."""

    gig_id: UUID
    client_id: UUID
    title: str


@dataclass(frozen=True)
class GigClosed(Event):
    """The owner takes no more applications for now."""

    gig_id: UUID
    client_id: UUID
    title: str


@dataclass(frozen=True)
class GigReopened(Event):
    """A closed or expired gig takes applications again, or its order died before the work began."""

    gig_id: UUID
    client_id: UUID
    title: str


@dataclass(frozen=True)
class GigCancelled(Event):
    """The gig will not be done; `applicant_ids` are the doers whose undecided applications ended with it.

    `cancelled_by` is the side that took it down: client, operator, or system where its order died.
    """

    gig_id: UUID
    client_id: UUID
    title: str
    reason: str
    applicant_ids: tuple[UUID, ...] = ()
    cancelled_by: str = "client"


@dataclass(frozen=True)
class GigExpired(Event):
    """The deadline passed before anybody was accepted."""

    gig_id: UUID
    client_id: UUID
    title: str


@dataclass(frozen=True)
class ApplicationEvent(Event):
    """What every announcement about an application carries; `title` is the gig's."""

    application_id: UUID
    conversation_id: UUID
    gig_id: UUID
    client_id: UUID
    doer_id: UUID
    title: str


@dataclass(frozen=True)
class ApplicationSubmitted(ApplicationEvent):
    """A doer applied; `amount` is in paise, per hour for hourly gigs."""

    amount: int


@dataclass(frozen=True)
class ApplicationShortlisted(ApplicationEvent):
    """The owner put the application on the shortlist."""


@dataclass(frozen=True)
class ApplicationAccepted(ApplicationEvent):
    """The doer was chosen, and an order comes with it."""


@dataclass(frozen=True)
class ApplicationRejected(ApplicationEvent):
    """The owner said no, somebody else was chosen, or the gig ended; `reason` may be empty.

    `is_with_gig`: the gig itself ended, of which `GigCancelled` tells the applicants.
    """

    reason: str
    is_with_gig: bool = False


@dataclass(frozen=True)
class ApplicationWithdrawn(ApplicationEvent):
    """The doer took the application back."""


@dataclass(frozen=True)
class ApplicationRevived(ApplicationEvent):
    """A rejected application stands again."""


@dataclass(frozen=True)
class ApplicationLapsed(ApplicationEvent):
    """The order that came of the application died before the work began."""
