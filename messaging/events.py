"""Every fact that messaging announces."""

from dataclasses import dataclass
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
