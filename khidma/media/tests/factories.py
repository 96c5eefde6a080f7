"""Files for tests, taken in as uploads are."""

import io
from collections.abc import Callable
from typing import Any

from khidma.media import services
from khidma.media.models import File, FileKind
from khidma.media.tests import samples

SAMPLES: dict[str, Callable[[], bytes]] = {
    FileKind.IMAGE: samples.image,
    FileKind.VOICE: samples.wav,
    FileKind.VIDEO: samples.mp4,
    FileKind.DOCUMENT: samples.pdf,
}


def make_file(owner: Any, kind: str = FileKind.DOCUMENT, *, name: str = "file", content: bytes = b"") -> File:
    """A file of this user, ready unless a scanner is set."""
    given = io.BytesIO(content or SAMPLES[kind]())
    return services.receive_file(owner=owner, kind=kind, name=name, content=given)
