"""What khidma.media announces."""

from dataclasses import dataclass
from uuid import UUID

from khidma.kernel.events import Event


@dataclass(frozen=True)
class FileCondemned(Event):
    """The scanner found malware in somebody's upload; nobody can download it."""

    file_id: UUID
    owner_id: UUID
    file_name: str
