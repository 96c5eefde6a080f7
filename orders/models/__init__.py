"""Tables of orders: the order first, then its parts, the work, and how it ends early."""

from orders.models.boost import Boost, BoostQuerySet
from orders.models.cancelling import (
    Cancellation,
    CancellationPart,
    CancellationPolicy,
    CancellationQuote,
    SilenceQuestion,
)
from orders.models.milestone import Milestone, MilestoneQuerySet
from orders.models.order import MINIMUM_AMOUNT, CancelReason, Order, OrderQuerySet
from orders.models.reviewing import Review, ReviewQuerySet
from orders.models.work import Deliverable, RevisionRequest

__all__ = [
    "MINIMUM_AMOUNT",
    "Boost",
    "BoostQuerySet",
    "CancelReason",
    "Cancellation",
    "CancellationPart",
    "CancellationPolicy",
    "CancellationQuote",
    "Deliverable",
    "Milestone",
    "MilestoneQuerySet",
    "Order",
    "OrderQuerySet",
    "Review",
    "ReviewQuerySet",
    "RevisionRequest",
    "SilenceQuestion",
]
