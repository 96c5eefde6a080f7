"""One door for all kinds: the limit of the kind, then what its bytes say."""

import os
from collections.abc import Callable
from typing import BinaryIO

import puremagic

from khidma.media.errors import DamagedFile, FileTooLarge, FileTypeRefused
from khidma.media.inspection.clips import read_video, read_voice
from khidma.media.inspection.documents import read_document
from khidma.media.inspection.images import read_image
from khidma.media.inspection.report import Report
from khidma.media.models import FileKind

MEGABYTE = 1024 * 1024
LIMITS: dict[str, int] = {
    FileKind.IMAGE: 10 * MEGABYTE,
    FileKind.VOICE: 10 * MEGABYTE,
    FileKind.VIDEO: 50 * MEGABYTE,
    FileKind.DOCUMENT: 20 * MEGABYTE,
}
"""The largest file of each kind, in bytes."""

READERS: dict[str, Callable[[BinaryIO], Report | None]] = {
    FileKind.IMAGE: read_image,
    FileKind.VOICE: read_voice,
    FileKind.VIDEO: read_video,
    FileKind.DOCUMENT: read_document,
}
HEAD = 4096


def inspect(content: BinaryIO, *, kind: str) -> Report:
    """Look at an uploaded file, which may be changed in place: what tells of places and people is blanked.

    :raises FileTooLarge: it is longer than its kind may be.
    :raises FileTypeRefused: it is of no type that the kind takes.
    :raises DamagedFile: it is, but cannot be read, or would be too much for whoever opens it.
    """
    size = content.seek(0, os.SEEK_END)
    content.seek(0)
    if size > LIMITS[kind]:
        raise FileTooLarge(details={"limit": LIMITS[kind]})
    report = READERS[kind](content)
    if report is None:
        raise FileTypeRefused(details={"found": _guess(content)})
    if report.content.seek(0, os.SEEK_END) == 0:
        raise DamagedFile("empty")
    report.content.seek(0)
    return report


def _guess(content: BinaryIO) -> str:
    """What the bytes look like, to help whoever chose the wrong file; empty where nobody can say."""
    content.seek(0)
    try:
        return str(puremagic.from_string(content.read(HEAD), mime=True))
    except (puremagic.PureError, ValueError):
        return ""
