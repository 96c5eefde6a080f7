"""What the bytes of a file are taken for, and what is left of them."""

import io
import struct
import zipfile
import zlib
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from khidma.media.errors import DamagedFile, FileTooLarge
from khidma.media.errors import FileTypeRefused as Refused
from khidma.media.inspection import LIMITS, Report, inspect
from khidma.media.inspection.ogg import PAGE, checksum
from khidma.media.tests import samples

HTML = b"<!DOCTYPE html><script>alert(1)</script>"


def look(content: bytes, kind: str) -> Report:
    report = inspect(io.BytesIO(content), kind=kind)
    with report.content:
        return replace(report, content=io.BytesIO(report.content.read()))


def kept(content: bytes, kind: str) -> bytes:
    """What would be stored."""
    return look(content, kind).content.read()


@pytest.mark.parametrize(
    ("kind", "content", "mime_type", "extension", "duration"),
    [
        ("image", samples.image("JPEG"), "image/jpeg", "jpg", None),
        ("image", samples.image("JPEG", mode="CMYK"), "image/jpeg", "jpg", None),
        ("image", samples.image("PNG", mode="RGBA"), "image/png", "png", None),
        ("image", samples.image("PNG", mode="P"), "image/png", "png", None),
        ("image", samples.image("PNG", mode="I;16"), "image/png", "png", None),
        ("image", samples.image("WEBP"), "image/webp", "webp", None),
        ("document", samples.pdf(), "application/pdf", "pdf", None),
        ("document", samples.archive({"a.txt": b"a" * 100}), "application/zip", "zip", None),
        ("document", "नमस्ते, and <b>this</b> is text.\n".encode(), "text/plain", "txt", None),
        ("voice", samples.wav(0.5), "audio/wav", "wav", 500),
        ("voice", samples.mp3(40), "audio/mpeg", "mp3", 1044),
        ("voice", samples.aac(40), "audio/aac", "aac", 928),
        ("voice", samples.ogg(2), "audio/ogg", "ogg", 2000),
        ("voice", samples.mp4(b"soun", brand=b"M4A "), "audio/mp4", "m4a", 1500),
        ("voice", samples.webm(2), "audio/webm", "webm", 2500),
        ("video", samples.mp4(), "video/mp4", "mp4", 1500),
        ("video", samples.mp4(milliseconds=0), "video/mp4", "mp4", None),
        ("video", samples.mp4(brand=b"qt  "), "video/quicktime", "mov", 1500),
        ("video", samples.webm(1), "video/webm", "webm", 2500),
    ],
)
def test_every_type_is_known_by_its_bytes(
    kind: str, content: bytes, mime_type: str, extension: str, duration: int | None
) -> None:
    report = look(content, kind)
    assert (report.mime_type, report.extension, report.duration_ms) == (mime_type, extension, duration)
    again = look(report.content.read(), kind)
    assert again.mime_type == mime_type, "what is stored is no longer what it was"


@pytest.mark.parametrize("extension", ["docx", "xlsx", "pptx"])
def test_a_document_of_office_is_one_only_if_it_says_so_inside(extension: str) -> None:
    assert look(samples.office(extension), "document").extension == extension
    assert look(samples.archive({"word/document.xml": b"<x/>"}), "document").extension == "zip"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image", samples.image("GIF")),
        ("image", samples.image("TIFF")),
        ("image", samples.image("BMP")),
        ("image", HTML),
        ("image", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("image", samples.pdf()),
        ("image", b""),
        ("document", samples.archive({}) + b"PK\x03\x04"),
        ("document", HTML),
        ("document", b"\xef\xbb\xbf  <html><body>"),
        ("document", b"\n\t<?xml version='1.0'?><svg/>"),
        ("document", b"#!/bin/sh\nrm -rf /\n"),
        ("document", b"MZ\x90\x00"),
        ("document", b"MZ is a program, even in letters"),
        ("document", b"{\\rtf1 hello}"),
        ("document", b"\xff\xfea\x00b\x00"),
        ("document", b"nul \x00 inside"),
        ("document", b"escape \x01 inside"),
        ("document", b"  \n "),
        ("document", HTML + samples.pdf()),
        ("document", b"MZ" + samples.archive({"a.txt": b"a"})),
        ("document", samples.image()),
        ("voice", samples.mp4()),
        ("voice", samples.webm(1)),
        ("voice", samples.webm(2, document=b"matroska")),
        ("voice", samples.mp3(40)[:400]),
        ("voice", samples.mp3(3) + HTML * 100),
        ("voice", HTML),
        ("video", samples.mp4(b"soun")),
        ("video", samples.mp4(brand=b"heic")),
        ("video", samples.wav()),
        ("video", samples.image()),
    ],
)
def test_what_a_kind_does_not_take_is_refused(kind: str, content: bytes) -> None:
    with pytest.raises(Refused):
        look(content, kind)


def liar(content: bytes, *, says: int) -> bytes:
    """An archive of one file whose length both headers state as another."""
    packed = bytearray(samples.archive({"a.txt": content}))
    directory = packed.rindex(b"PK\1\2")
    packed[22:26] = packed[directory + 24 : directory + 28] = struct.pack("<I", says)
    return bytes(packed)


def overlapping() -> bytes:
    """Two names in the directory for the same bytes."""
    first = samples.archive({"a.txt": b"a" * 1000})
    start = first.rindex(b"PK\1\2")
    end = first.rindex(b"PK\5\6")
    entry = first[start:end]
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 2, 2, 2 * len(entry), start, 0)
    return first[:start] + entry * 2 + tail


def locked() -> bytes:
    packed = bytearray(samples.archive({"a.txt": b"a"}))
    packed[6] |= 1
    packed[packed.rindex(b"PK\1\2") + 8] |= 1
    return bytes(packed)


def link() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        entry = zipfile.ZipInfo("here")
        entry.external_attr = 0o120777 << 16
        file.writestr(entry, "/etc/passwd")
    return written.getvalue()


def flood(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and holds nothing."""
    plain = bytearray(samples.image("PNG"))
    plain[16:24] = struct.pack(">II", width, height)
    plain[29:33] = struct.pack(">I", zlib.crc32(plain[12:29]))
    return bytes(plain)


def frames(count: int) -> bytes:
    pictures = [Image.new("RGB", (8, 8), (number * 40 % 256, number * 90 % 256, 0)) for number in range(count)]
    written = io.BytesIO()
    pictures[0].save(written, format="WEBP", save_all=True, append_images=pictures[1:])
    return written.getvalue()


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image", samples.image("JPEG")[:200]),
        ("image", samples.image("PNG")[:100]),
        ("image", b"\x89PNG\r\n\x1a\n" + HTML),
        ("image", flood(20_000, 20_000)),
        ("image", flood(2_000_000_000, 1)),
        ("image", frames(61)),
        ("image", samples.image("JPEG") + b"\xff\xda" * 100),
        ("document", samples.pdf()[:-7]),
        ("document", samples.pdf() + samples.archive({"a.txt": b"a"})),
        ("document", samples.archive({"bomb.txt": bytes(30_000_000)})),
        ("document", samples.archive({f"{n}": bytes(1_000_000) for n in range(210)})),
        ("document", samples.archive({f"{n}": b"" for n in range(5001)})),
        ("document", samples.archive({"../../etc/passwd": b"x"})),
        ("document", samples.archive({"/etc/passwd": b"x"})),
        ("document", samples.archive({"C:\\x": b"x"})),
        ("document", samples.archive({"inner.zip": b"x"})),
        ("document", samples.office("docx", **{"word/vbaProject.bin": b"x"})),
        ("document", samples.archive({"a.txt": b"a" * 99}, packing=zipfile.ZIP_BZIP2)),
        ("document", samples.archive({"a.txt": b"a" * 99})[:-30]),
        ("document", liar(bytes(500_000), says=1000)),
        ("document", overlapping()),
        ("document", locked()),
        ("document", link()),
        ("voice", samples.wav()[:40]),
        ("voice", samples.ogg()[:-30]),
        ("voice", samples.webm(2)[:40]),
        ("video", samples.mp4()[:-30]),
        ("video", samples.box(b"ftyp", b"isom" + bytes(8)) + samples.box(b"mdat", b"x")),
    ],
)  # fmt: skip
def test_what_is_broken_or_made_to_harm_is_refused(kind: str, content: bytes) -> None:
    with pytest.raises(DamagedFile) as refusal:
        look(content, kind)
    assert refusal.value.details["file"]


@pytest.mark.parametrize("kind", sorted(LIMITS))
def test_each_kind_has_its_own_limit(kind: str) -> None:
    with pytest.raises(FileTooLarge) as refusal:
        look(bytes(LIMITS[kind] + 1), kind)
    assert refusal.value.details == {"limit": LIMITS[kind]}


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_nothing_but_pixels_is_left_of_an_image(file_format: str) -> None:
    given = samples.photo(file_format) + HTML
    assert b"Saket" in given
    written = kept(given, "image")
    image = Image.open(io.BytesIO(written))
    assert not image.getexif()
    assert not {"exif", "xmp", "icc_profile", "comment"} & set(image.info)
    assert b"Saket" not in written
    assert b"script" not in written


def test_remarks_and_profiles_are_not_written_again() -> None:
    given = samples.image("JPEG", comment=b"Asha of Saket", icc_profile=b"Saket" * 100)
    assert b"Saket" in given
    assert b"Saket" not in kept(given, "image")


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_photo_taken_sideways_is_turned(file_format: str) -> None:
    report = look(samples.photo(file_format, orientation=6, size=(64, 48)), "image")
    assert (report.width, report.height) == (48, 64)
    assert Image.open(report.content).size == (48, 64)


def test_a_transparent_picture_stays_so() -> None:
    given = Image.new("P", (4, 4), 0)
    written = io.BytesIO()
    given.save(written, format="PNG", transparency=0)
    image = Image.open(look(written.getvalue(), "image").content)
    assert image.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("video", samples.mp4(place=samples.PLACE)),
        ("voice", samples.mp4(b"soun", place=samples.PLACE)),
        ("video", samples.webm(place=samples.PLACE)),
        ("voice", samples.wav(remark=samples.PLACE)),
        ("voice", samples.mp3(tag=samples.PLACE)),
        ("voice", samples.ogg(remark=b"GEO=" + samples.PLACE)),
    ],
)
def test_a_recording_does_not_tell_where_it_was_made(kind: str, content: bytes) -> None:
    assert samples.PLACE in content
    written = kept(content, kind)
    assert samples.PLACE not in written
    assert look(written, kind).duration_ms == look(content, kind).duration_ms


def test_a_page_of_ogg_has_the_right_checksum_after_its_remarks_are_blanked() -> None:
    written = kept(samples.ogg(remark=b"GEO=" + samples.PLACE), "voice")
    at, pages = 0, 0
    while at < len(written):
        fields: Any = PAGE.unpack_from(written, at)
        end = at + PAGE.size + fields[-1] + sum(written[at + PAGE.size : at + PAGE.size + fields[-1]])
        page = bytearray(written[at:end])
        page[22:26] = bytes(4)
        assert checksum(page) == fields[6]
        at, pages = end, pages + 1
    assert pages == 3
