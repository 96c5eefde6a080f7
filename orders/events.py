"""Every fact that orders announces."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from khidma.kernel.events import Event


@dataclass(frozen=True)
class OrderEvent(Event):
    """What every announcement of an order carries, as it was then: `amount` in paise, `title` of the gig."""

    order_id: UUID
    gig_id: UUID
    client_id: UUID
    doer_id: UUID
    conversation_id: UUID
    title: str
    amount: int
    status: str
    escrow_state: str
    at: datetime


@dataclass(frozen=True)
class OrderPlaced(OrderEvent):
    """An application was accepted: the order waits for its money until `unpaid_due_at`."""

    application_id: UUID
    unpaid_due_at: datetime


@dataclass(frozen=True)
class OrderFunded(OrderEvent):
    """The client's money is in escrow and the work may begin; `held` is how much of the amount has come, in paise."""

    due_at: datetime | None
    held: int


@dataclass(frozen=True)
class OrderStarted(OrderEvent):
    """On site: the doer gave the client's start code."""


@dataclass(frozen=True)
class WorkSubmitted(OrderEvent):
    """The doer handed work in; unanswered, it is approved at `auto_approve_at`."""

    deliverable_id: UUID
    auto_approve_at: datetime


@dataclass(frozen=True)
class RevisionRequested(OrderEvent):
    """The client sent the work back; `number` counts from 1."""

    revision_id: UUID
    number: int
    due_at: datetime | None


@dataclass(frozen=True)
class OrderApproved(OrderEvent):
    """The work was taken, by the client or, `by_clock`, because nobody answered."""

    by_clock: bool


@dataclass(frozen=True)
class OrderCompleted(OrderEvent):
    """The escrow was released; `doer_payout` is what reached the doer's wallet, in paise."""

    doer_payout: int


@dataclass(frozen=True)
class OrderCancelled(OrderEvent):
    """The order ended without approval; `reason` is a `CancelReason`, `cancelled_by` the side, or `system`.

    `client_refund` and `doer_amount` (net) are what each side gets of what was paid, in paise. Until `contested_until`
    a part of it stays in escrow.
    """

    reason: str
    cancelled_by: str
    fault: str = "none"
    client_refund: int = 0
    doer_amount: int = 0
    contested_until: datetime | None = None


@dataclass(frozen=True)
class MilestonesCancelled(OrderCancelled):
    """The part of an order in milestones for which nothing was handed in was cancelled; what was approved before stays,
    what was handed in waits for its answer. The order itself is not `cancelled`."""


@dataclass(frozen=True)
class MilestonesFunded(OrderEvent):
    """Further milestones of an order that runs were paid for, together `held` paise; the first ones are told by
    `OrderFunded`."""

    milestone_ids: list[UUID]
    held: int


@dataclass(frozen=True)
class MilestoneEvent(OrderEvent):
    """What every announcement of one milestone carries besides; `milestone_amount` in paise."""

    milestone_id: UUID
    milestone_title: str
    milestone_amount: int


@dataclass(frozen=True)
class MilestoneSubmitted(MilestoneEvent):
    """The doer handed in the work of one milestone; unanswered, it is approved at `auto_approve_at`."""

    deliverable_id: UUID
    auto_approve_at: datetime


@dataclass(frozen=True)
class MilestoneRevisionRequested(MilestoneEvent):
    """The client sent the work of one milestone back; `number` counts from 1 within it."""

    revision_id: UUID
    number: int
    due_at: datetime


@dataclass(frozen=True)
class MilestoneApproved(MilestoneEvent):
    """The work of one milestone was taken; `paid` is what reached the doer's wallet, in paise: 0 while it is held."""

    by_clock: bool
    paid: int


@dataclass(frozen=True)
class MilestoneReleased(MilestoneEvent):
    """The pay for an approved milestone was held and has gone on: `paid` reached the doer's wallet, in paise."""

    paid: int


@dataclass(frozen=True)
class MilestoneDropped(MilestoneEvent):
    """A milestone was not paid in time after its turn had come, and is not awaited any more."""


@dataclass(frozen=True)
class MilestoneOverdue(MilestoneEvent):
    """Nothing was ever handed in for a milestone long past its date: unless it is, it is refunded at `refund_at`."""

    refund_at: datetime


@dataclass(frozen=True)
class MilestoneRefunded(MilestoneEvent):
    """Nothing was handed in after the question either: `refunded` paise go back to the client."""

    refunded: int


@dataclass(frozen=True)
class CancellationSettled(OrderEvent):
    """The part that could be contested was paid out; `refunded` and `doer_amount` (net) are of that part, in paise."""

    fault: str
    refunded: int
    doer_amount: int


@dataclass(frozen=True)
class CancellationContested(OrderEvent):
    """The side that was found at fault (`contested_by`) does not accept it; the part at stake waits for an operator."""

    contested_by: str


@dataclass(frozen=True)
class CancellationJudged(OrderEvent):
    """An operator has judged whose `fault` a contested cancellation was; before, it was found to be that of `was`."""

    fault: str
    was: str


@dataclass(frozen=True)
class OrderRefunded(OrderEvent):
    """An operator sent `refunded` paise of a running order back to the client."""

    refunded: int
    reason: str


@dataclass(frozen=True)
class SilenceNoticed(OrderEvent):
    """Nothing was handed in, long past the deadline; without work by `answer_due_at` the client is refunded."""

    answer_due_at: datetime


@dataclass(frozen=True)
class BoostEvent(Event):
    """What every announcement of a boost carries; `title` of the gig, `amount` in paise."""

    boost_id: UUID
    gig_id: UUID
    client_id: UUID
    title: str
    days: int
    amount: int


@dataclass(frozen=True)
class BoostShown(BoostEvent):
    """A boost was paid: the gig is shown first until `ends_at`."""

    ends_at: datetime


@dataclass(frozen=True)
class BoostReturned(BoostEvent):
    """`returned` paise go back: the gig was not open any more when the money came, or we took it down."""

    returned: int


@dataclass(frozen=True)
class ReviewEvent(Event):
    """What every announcement of a review carries; not what it says, as it may be hidden."""

    review_id: UUID
    order_id: UUID
    gig_id: UUID
    title: str
    author_id: UUID
    reviewed_id: UUID
    is_shown: bool
    at: datetime


@dataclass(frozen=True)
class ReviewCreated(ReviewEvent):
    """One side of a completed order has reviewed the other; `is_first` of the two, and hidden for now."""

    is_first: bool


@dataclass(frozen=True)
class ReviewShown(ReviewEvent):
    """Everybody sees it from now on."""

    rating: int


@dataclass(frozen=True)
class ReviewReplied(ReviewEvent):
    """The reviewed side has answered."""
