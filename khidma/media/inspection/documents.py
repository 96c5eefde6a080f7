"""Documents: PDF, plain text, ZIP, and the three of Office that are ZIPs; looked at, never unpacked."""

import codecs
import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from typing import BinaryIO

from django.utils.translation import gettext as _

from khidma.media.errors import DamagedFile
from khidma.media.inspection.report import Report

PDF_HEADER = re.compile(rb"%PDF-[12]\.[0-9]")
TAIL = 65_557
"""The farthest from its end that a ZIP's directory may name itself."""

CHUNK = 256 * 1024
MOST_ENTRIES = 5_000
MOST_UNPACKED = 200 * 1024 * 1024
MOST_RATIO = 200
RATIO_COUNTS_FROM = 1024 * 1024
"""An entry this small may be packed as tightly as it likes."""

MOST_CONTENT_TYPES = 1024 * 1024

OFFICE = {
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": "docx",
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": "xlsx",
    b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml": "pptx",
}
MIME_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
PACKED_AGAIN = (".zip", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".jar", ".tar", ".tgz", ".lzma")
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
    NotImplementedError, RuntimeError, EOFError, ValueError, OSError,
)  # fmt: skip
MARKUP = re.compile(
    rb"\s*<(!doctype|html|head|body|script|iframe|svg|\?xml|\?php|!--|a\b|img|div|table|style|title|h1|br|p\b|meta|link|"
    rb"object|embed|form|math|base)",
    re.IGNORECASE,
)
SCRIPT = re.compile(rb"#!|MZ|%!PS|\{\\rtf")
FORBIDDEN_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def read_document(content: BinaryIO) -> Report | None:
    """The document as it came; None if it is none of those taken.

    :raises DamagedFile: it is something else too, or too much to unpack.
    """
    head = content.read(1024)
    if PDF_HEADER.match(head):
        return _read_pdf(content)
    if head.startswith(b"PK\x03\x04"):
        return _read_zip(content)
    return _read_text(content, head)


def _read_pdf(content: BinaryIO) -> Report:
    tail = _tail(content)
    if b"%%EOF" not in tail:
        raise DamagedFile(_("The PDF has no end."))
    if b"PK\x05\x06" in tail:
        raise DamagedFile(_("The file is a PDF and a ZIP at once."))
    return Report(content, "application/pdf", "pdf")


def _read_text(content: BinaryIO, head: bytes) -> Report | None:
    """Text in UTF-8 without control characters, which does not begin like a page or a program."""
    beginning = head.removeprefix(codecs.BOM_UTF8)
    if MARKUP.match(beginning) or SCRIPT.match(beginning):
        return None
    content.seek(0)
    text = content.read()
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if FORBIDDEN_IN_TEXT.search(text) or not text.strip() else Report(content, "text/plain", "txt")


def _read_zip(content: BinaryIO) -> Report | None:
    try:
        with zipfile.ZipFile(content) as archive:
            entries = archive.infolist()
            _require_harmless(archive, content, entries)
            extension = _office(archive, entries)
    except UNREADABLE as error:
        raise DamagedFile(_("The archive cannot be read.")) from error
    return Report(content, MIME_TYPES.get(extension, "application/zip"), extension)


def _require_harmless(archive: zipfile.ZipFile, content: BinaryIO, entries: list[zipfile.ZipInfo]) -> None:
    """What the directory says, held against the bytes that are there. :raises DamagedFile:"""
    if not 0 < len(entries) <= MOST_ENTRIES:
        raise DamagedFile(_("The archive is empty, or has too many files."))
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise DamagedFile(_("The archive is too large once it is unpacked."))
    for entry in entries:
        if entry.file_size > RATIO_COUNTS_FROM and entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
            raise DamagedFile(_("The archive is packed too tightly to be honest."))
        if _leads_elsewhere(entry):
            raise DamagedFile(_("The archive would write outside of its own folder."))
        if entry.filename.lower().endswith(PACKED_AGAIN):
            raise DamagedFile(_("The archive holds another archive."))
        if entry.filename.lower().endswith("vbaproject.bin"):
            raise DamagedFile(_("The document holds macros."))
    _require_apart(entries, end=archive.start_dir)
    if min(entry.header_offset for entry in entries) != 0 or len(archive.comment) > 1024:
        raise DamagedFile(_("The file is an archive and something else at once."))
    for entry in entries:
        _require_honest(archive, content, entry)


def _leads_elsewhere(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename.replace("\\", "/")
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    return is_link or "\0" in name or name.startswith("/") or name[1:2] == ":" or ".." in name.split("/")


def _require_apart(entries: list[zipfile.ZipInfo], *, end: int) -> None:
    """Entries that share bytes unpack to more than any ratio tells. :raises DamagedFile:"""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    following = [entry.header_offset for entry in ordered[1:]] + [end]
    for entry, limit in zip(ordered, following, strict=True):
        if entry.header_offset + 30 + len(entry.orig_filename.encode()) + entry.compress_size > limit:
            raise DamagedFile(_("Files of the archive lie over each other."))


def _require_honest(archive: zipfile.ZipFile, content: BinaryIO, entry: zipfile.ZipInfo) -> None:
    """What unpacks must be as much as the directory says; unpacked bytes are counted and dropped.

    :raises zipfile.BadZipFile: the entry's own header differs. :raises DamagedFile: its length, or its packing, does.
    """
    if entry.flag_bits & 0x1 or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise DamagedFile(_("The archive is locked, or packed in a way that is not taken."))
    archive.open(entry).close()
    is_stored = entry.compress_type == zipfile.ZIP_STORED
    length = entry.compress_size if is_stored else _inflated_length(content, entry)
    if length != entry.file_size:
        raise DamagedFile(_("The archive holds other lengths than it says."))


def _inflated_length(content: BinaryIO, entry: zipfile.ZipInfo) -> int:
    """How many bytes an entry unpacks to, counted no further than just above what it says."""
    content.seek(entry.header_offset + 26)
    name_length, extra_length = struct.unpack("<HH", content.read(4))
    content.seek(name_length + extra_length, os.SEEK_CUR)
    inflating, length, left = zlib.decompressobj(-zlib.MAX_WBITS), 0, entry.compress_size
    while not inflating.eof and length <= entry.file_size:
        packed = inflating.unconsumed_tail or content.read(min(CHUNK, left))
        left -= 0 if inflating.unconsumed_tail else len(packed)
        if not packed:
            break
        length += len(inflating.decompress(packed, CHUNK))
    return length


def _office(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> str:
    """`docx`, `xlsx` or `pptx` if the archive says in the right place that it is one, else `zip`."""
    declared = next((entry for entry in entries if entry.filename == "[Content_Types].xml"), None)
    if declared is None or declared.file_size > MOST_CONTENT_TYPES:
        return "zip"
    with archive.open(declared) as file:
        text = file.read(MOST_CONTENT_TYPES)
    return next((extension for mark, extension in OFFICE.items() if mark in text), "zip")


def _tail(content: BinaryIO) -> bytes:
    size = content.seek(0, os.SEEK_END)
    content.seek(max(0, size - TAIL))
    return content.read()
