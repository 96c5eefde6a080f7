"""Every fact that trust and safety announces."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from khidma.kernel.events import Event


@dataclass(frozen=True)
class ContestEvent(Event):
    """What every announcement of a contest carries: whose it is, and which order's cancellation it is about."""

    contest_id: UUID
    cancellation_id: UUID
    order_id: UUID
    client_id: UUID
    doer_id: UUID
    title: str


@dataclass(frozen=True)
class ContestOpened(ContestEvent):
    """The party `raised_by` does not accept the fault that was found; an operator decides by `decide_by`."""

    raised_by: UUID
    decide_by: datetime


@dataclass(frozen=True)
class ContestDecided(ContestEvent):
    """An operator has decided whose `fault` it was; `is_overturned` if it is another one than was found at first."""

    fault: str
    is_overturned: bool
    reason: str


@dataclass(frozen=True)
class ContestOverdue(ContestEvent):
    """Nobody has decided in time; told once."""
