"""Every fact that messaging announces."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from khidma.kernel.events import Event


@dataclass(frozen=True)
class ContactDetailsMasked(Event):
    """`user_id` wrote contact details before the order was funded; they were masked. `kinds`: phone, email, payment,
    link."""

    message_id: UUID
    conversation_id: UUID
    user_id: UUID
    kinds: list[str]


@dataclass(frozen=True)
class SupportUnanswered(Event):
    """Nobody has answered `user_id` in time; told once for each wait. `since`: when the question came."""

    wait_id: UUID
    conversation_id: UUID
    user_id: UUID
    since: datetime
