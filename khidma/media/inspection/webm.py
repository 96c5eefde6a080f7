"""WebM (RFC 8794 and 9559): elements with an id and a length, some of which may be unknown until their end comes."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext as _

from khidma.media.errors import DamagedFile
from khidma.media.inspection.report import Report

HEADER, SEGMENT, INFO, TRACKS, TRACK = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE
DOC_TYPE, SCALE, DURATION, TRACK_TYPE = 0x4282, 0x2AD7B1, 0x4489, 0x83
CLUSTER, TAGS, ATTACHMENTS, VOID = 0x1F43B675, 0x1254C367, 0x1941A469, 0xEC
PARENTS = {HEADER, SEGMENT, INFO, TRACKS, TRACK}
BLANKED = {TAGS, ATTACHMENTS}
VIDEO_TRACK, AUDIO_TRACK = 1, 2

MOST_ELEMENTS = 500_000


@dataclass(frozen=True)
class Element:
    """One element: `start` is where its id stands, `body` where its content begins, `end` is behind it."""

    id: int
    start: int
    body: int
    end: int


def read_webm(content: BinaryIO, *, with_pictures: bool) -> Report | None:
    """The recording, its tags and attachments blanked in place; None if it is no WebM, or has (no) pictures.

    :raises DamagedFile: its elements do not fit each other.
    """
    scale, duration, tracks, document, blanked = 1_000_000, 0.0, set(), b"", []
    for element in _elements(content):
        if element.id == DOC_TYPE:
            document = _raw(content, element).rstrip(b"\0")
        elif element.id == TRACK_TYPE:
            tracks.add(int.from_bytes(_raw(content, element), "big"))
        elif element.id == SCALE:
            scale = int.from_bytes(_raw(content, element), "big")
        elif element.id == DURATION:
            duration = _float(_raw(content, element))
        elif element.id in BLANKED:
            blanked.append(element)
    if document != b"webm" or (VIDEO_TRACK in tracks) != with_pictures or not tracks & {VIDEO_TRACK, AUDIO_TRACK}:
        return None
    for element in blanked:
        _blank(content, element)
    milliseconds = duration * scale / 1_000_000
    known = int(milliseconds) if 0 < milliseconds < 2**53 else None
    return Report(content, "video/webm" if with_pictures else "audio/webm", "webm", duration_ms=known)


def _elements(content: BinaryIO) -> Iterator[Element]:
    """The elements of the file in their order; those of clusters only where a cluster's length is unknown."""
    end, at, count = content.seek(0, os.SEEK_END), 0, 0
    while at < end:
        element, is_open = _element(content, at, end)
        count += 1
        if count > MOST_ELEMENTS:
            raise DamagedFile(_("The recording has too many parts."))
        yield element
        steps_in = element.id in PARENTS or (element.id == CLUSTER and is_open)
        at = element.body if steps_in else element.end


def _element(content: BinaryIO, at: int, end: int) -> tuple[Element, bool]:
    content.seek(at)
    raw = content.read(12)
    id_length = _vint_length(raw, most=4)
    size_length = _vint_length(raw[id_length:], most=8) if id_length else 0
    if not size_length:
        raise DamagedFile(_("The recording is cut off, or not put together as it says."))
    size_raw = raw[id_length : id_length + size_length]
    size = int.from_bytes(size_raw, "big") & ((1 << 7 * size_length) - 1)
    is_open = size == (1 << 7 * size_length) - 1
    name, body = int.from_bytes(raw[:id_length], "big"), at + id_length + size_length
    if (is_open and name not in {SEGMENT, CLUSTER}) or (not is_open and body + size > end):
        raise DamagedFile(_("The recording is cut off, or not put together as it says."))
    return Element(name, at, body, end if is_open else body + size), is_open


def _vint_length(raw: bytes, *, most: int) -> int:
    """How many bytes a number takes: its first byte begins with one zero bit fewer. 0: it is none, or is cut off."""
    length = 9 - raw[0].bit_length() if raw and raw[0] else 0
    return length if 0 < length <= min(most, len(raw)) else 0


def _raw(content: BinaryIO, element: Element) -> bytes:
    content.seek(element.body)
    return content.read(min(element.end - element.body, 64))


def _float(raw: bytes) -> float:
    return float(struct.unpack(">f" if len(raw) == 4 else ">d", raw)[0]) if len(raw) in {4, 8} else 0.0


def _blank(content: BinaryIO, element: Element) -> None:
    """Make the element a Void of the same length, which is written with a length of eight bytes."""
    total = element.end - element.start
    if total < 9:
        raise DamagedFile(_("The recording is cut off, or not put together as it says."))
    content.seek(element.start)
    content.write(bytes([VOID]) + (1 << 56 | total - 9).to_bytes(8, "big") + bytes(total - 9))
