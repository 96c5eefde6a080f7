"""What notifications announce."""

from dataclasses import dataclass
from uuid import UUID

from khidma.kernel.events import Event


@dataclass(frozen=True)
class PersonTold(Event):
    """A notification stands in the app; `channels` are those it should go out by as well."""

    notification_id: UUID
    channels: list[str]
