"""What notifications announce."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from khidma.kernel.events import Event


@dataclass(frozen=True)
class PersonTold(Event):
    """A notification stands in the app; `channels` are those it deserves to go out by as well.

    `text` and `values` are what a text message says: the title and the first sentence, and what stands in them.
    """

    notification_id: UUID
    channels: list[str]
    text: str = ""
    values: dict[str, Any] = field(default_factory=dict)
