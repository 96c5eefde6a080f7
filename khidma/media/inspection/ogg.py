"""Ogg (RFC 3533) with Opus or Vorbis: pages with a checksum each; the remarks in the second packet are blanked."""

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext as _

from khidma.media.errors import DamagedFile
from khidma.media.inspection.report import Report

OPUS_RATE = 48_000
PAGE = struct.Struct("<4sBBqIIIB")
MOST_PAGES = 100_000


@dataclass(frozen=True)
class Page:
    """One page: where it starts, where its content begins and ends, its granule and the lengths of its segments."""

    start: int
    body: int
    end: int
    granule: int
    segments: bytes


def read_ogg(content: BinaryIO) -> Report | None:
    """The recording, its remarks blanked in place; None if it is neither Opus nor Vorbis. :raises DamagedFile:"""
    pages = _pages(content)
    first = _raw(content, pages[0])
    if first.startswith(b"OpusHead") and len(first) >= 19:
        rate, skipped, magic = OPUS_RATE, struct.unpack("<H", first[10:12])[0], b"OpusTags"
    elif first.startswith(b"\x01vorbis") and len(first) >= 30:
        rate, skipped, magic = struct.unpack("<I", first[12:16])[0], 0, b"\x03vorbis"
    else:
        return None
    _blank_remarks(content, pages[1:], magic)
    samples = max(page.granule for page in pages) - skipped
    known = samples * 1000 // rate if rate and samples > 0 else None
    return Report(content, "audio/ogg", "ogg", duration_ms=known)


def _pages(content: BinaryIO) -> list[Page]:
    pages: list[Page] = []
    end, at = content.seek(0, os.SEEK_END), 0
    while at < end and len(pages) < MOST_PAGES:
        content.seek(at)
        raw = content.read(PAGE.size)
        if len(raw) < PAGE.size or not raw.startswith(b"OggS\0"):
            break
        *_ignored, granule, _serial, _number, _checksum, count = PAGE.unpack(raw)
        segments = content.read(count)
        body = at + PAGE.size + count
        pages.append(Page(at, body, body + sum(segments), granule, segments))
        at = pages[-1].end
    if at != end or len(pages) < 2:
        raise DamagedFile(_("The recording is cut off, or not put together as it says."))
    return pages


def _blank_remarks(content: BinaryIO, pages: list[Page], magic: bytes) -> None:
    """Write blanks over every remark of the packet that begins on the first of these pages."""
    packet, used = bytearray(), []
    for page in pages:
        taken, is_last = _share(page)
        packet += _raw(content, page)[:taken]
        used.append((page, taken))
        if is_last:
            break
    blanked = _without_remarks(packet, magic)
    for page, taken in used:
        content.seek(page.body)
        content.write(blanked[:taken])
        del blanked[:taken]
        _seal(content, page)


def _share(page: Page) -> tuple[int, bool]:
    """How many bytes of the page belong to the packet it begins or goes on with, and whether that ends here."""
    length = 0
    for segment in page.segments:
        length += segment
        if segment < 255:
            return length, True
    return length, False


def _without_remarks(packet: bytearray, magic: bytes) -> bytearray:
    """The packet with the same remarks in number and length, all of them blank. :raises DamagedFile:"""
    try:
        if not packet.startswith(magic):
            raise struct.error("another packet")
        at = len(magic)
        at += 4 + struct.unpack_from("<I", packet, at)[0]
        (count,) = struct.unpack_from("<I", packet, at)
        at += 4
        for _number in range(min(count, len(packet))):
            (length,) = struct.unpack_from("<I", packet, at)
            at += 4
            if at + length > len(packet):
                raise struct.error("cut off")
            packet[at : at + length] = b"X="[:length] + b" " * (length - 2)
            at += length
    except struct.error as error:
        raise DamagedFile(_("The recording is cut off, or not put together as it says.")) from error
    return packet


def _seal(content: BinaryIO, page: Page) -> None:
    """Give the page the checksum of what it holds now."""
    content.seek(page.start)
    raw = bytearray(content.read(page.end - page.start))
    raw[22:26] = bytes(4)
    content.seek(page.start + 22)
    content.write(struct.pack("<I", checksum(raw)))


def _table() -> list[int]:
    table = []
    for number in range(256):
        value = number << 24
        for _bit in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(value)
    return table


_TABLE = _table()


def checksum(raw: bytes | bytearray) -> int:
    """The CRC of a page whose own field is zero (RFC 3533, section 6)."""
    value = 0
    for byte in raw:
        value = (value << 8 ^ _TABLE[value >> 24 ^ byte]) & 0xFFFFFFFF
    return value


def _raw(content: BinaryIO, page: Page) -> bytes:
    content.seek(page.body)
    return content.read(page.end - page.body)
