"""What an inspection found."""

from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True)
class Report:
    """`content` is what may be stored, which need not be what came; `extension` is the one that its type has."""

    content: BinaryIO
    mime_type: str
    extension: str
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
