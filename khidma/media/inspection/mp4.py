"""MP4 and QuickTime (ISO/IEC 14496-12): boxes within boxes, each with its length and four letters."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext as _

from khidma.media.errors import DamagedFile
from khidma.media.inspection.report import Report

BRANDS = {
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso8", b"iso9", b"mp41", b"mp42", b"mp71", b"avc1", b"M4A ",
    b"M4B ", b"M4V ", b"MSNV", b"dash", b"mmp4", b"qt  ", b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3g2a", b"f4v ",
}  # fmt: skip
PARENTS = {b"moov", b"trak", b"mdia"}
BLANKED = {b"udta", b"meta", b"uuid", b"free", b"skip", b"wide", b"XMP_"}
"""Places, people and remarks stand in these; phones write where a video was taken into `moov/udta` and `moov/meta`."""

MOST_BOXES = 20_000
ZEROS = bytes(64 * 1024)


@dataclass(frozen=True)
class Box:
    """One box: `start` is where its length stands, `body` where its content begins, `end` is behind it."""

    name: bytes
    start: int
    body: int
    end: int
    parent: bytes


def read_mp4(content: BinaryIO, *, with_pictures: bool) -> Report | None:
    """The recording, its remarks blanked in place; None if it is of another brand, or has (no) pictures.

    :raises DamagedFile: its boxes do not fit each other.
    """
    content.seek(8)
    brand = content.read(4)
    if brand not in BRANDS:
        return None
    boxes = list(_boxes(content, 0, content.seek(0, os.SEEK_END), b""))
    if not any(box.name == b"moov" for box in boxes):
        raise DamagedFile(_("The recording has no table of contents."))
    handlers = {_handler(content, box) for box in boxes if box.name == b"hdlr" and box.parent == b"mdia"}
    if (b"vide" in handlers) != with_pictures or (not with_pictures and b"soun" not in handlers):
        return None
    duration = next((_duration(content, box) for box in boxes if box.name == b"mvhd"), None)
    for box in boxes:
        if box.name in BLANKED:
            _blank(content, box)
    if brand == b"qt  " and with_pictures:
        return Report(content, "video/quicktime", "mov", duration_ms=duration)
    mime_type, extension = ("video/mp4", "mp4") if with_pictures else ("audio/mp4", "m4a")
    return Report(content, mime_type, extension, duration_ms=duration)


def _boxes(content: BinaryIO, start: int, end: int, parent: bytes) -> Iterator[Box]:
    """Every box from here on, those inside others too. :raises DamagedFile: one does not end where its parent does."""
    waiting, count = [(start, end, parent)], 0
    while waiting:
        at, limit, around = waiting.pop()
        while at < limit:
            box = _box(content, at, limit, around)
            count += 1
            if box is None or count > MOST_BOXES:
                raise DamagedFile(_("The recording is cut off, or not put together as it says."))
            yield box
            if box.name in PARENTS:
                waiting.append((box.body, box.end, box.name))
            at = box.end


def _box(content: BinaryIO, at: int, limit: int, parent: bytes) -> Box | None:
    content.seek(at)
    header = content.read(16)
    if len(header) < 8:
        return None
    length, name = struct.unpack(">I4s", header[:8])
    body = at + 8
    if length == 1 and len(header) == 16:
        length, body = struct.unpack(">Q", header[8:])[0], at + 16
    elif length == 0 and not parent:
        length = limit - at
    if at + length > limit or length < body - at:
        return None
    return Box(name, at, body, at + length, parent)


def _handler(content: BinaryIO, box: Box) -> bytes:
    content.seek(box.body + 8)
    return content.read(4)


def _duration(content: BinaryIO, box: Box) -> int | None:
    """Milliseconds, from the header of the whole; None where it does not say (recordings made while streaming)."""
    content.seek(box.body)
    version = content.read(1)
    content.seek(box.body + (20 if version == b"\1" else 12))
    raw = content.read(12 if version == b"\1" else 8)
    if len(raw) < (12 if version == b"\1" else 8):
        return None
    scale, duration = struct.unpack(">IQ" if version == b"\1" else ">II", raw)
    is_unknown = duration in {0, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF}
    return duration * 1000 // scale if scale and not is_unknown else None


def _blank(content: BinaryIO, box: Box) -> None:
    """Make the box free space of the same length, so that nothing else moves."""
    content.seek(box.start + 4)
    content.write(b"free")
    content.seek(box.body)
    left = box.end - box.body
    while left:
        left -= content.write(ZEROS[: min(left, len(ZEROS))])
