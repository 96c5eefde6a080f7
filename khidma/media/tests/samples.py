"""Files made by code: small ones of every type that is taken, each as a real program would write it."""

import io
import struct
import zipfile
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from khidma.media.inspection.ogg import PAGE, checksum

GPS_LATITUDE = (IFDRational(28), IFDRational(36), IFDRational(5011, 100))
PLACE = b"+28.6139+077.2090/"
"""New Delhi, as phones write it into videos (ISO 6709)."""

CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/main.xml" ContentType="application/vnd.openxmlformats-officedocument.{}.main+xml"/></Types>'
)


def image(file_format: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    """A picture of a gradient."""
    picture = Image.linear_gradient("L").resize(size).convert(mode)
    written = io.BytesIO()
    picture.save(written, format=file_format, **options)
    return written.getvalue()


def photo(file_format: str = "JPEG", *, orientation: int = 1, size: tuple[int, int] = (64, 48)) -> bytes:
    """A picture that says where it was taken, by whom, and which side is up."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x013B] = "Asha of Saket"
    exif.get_ifd(0x8825).update({1: "N", 2: GPS_LATITUDE, 3: "E", 4: GPS_LATITUDE})
    return image(file_format, size, exif=exif.tobytes())


def pdf(extra: bytes = b"") -> bytes:
    """A PDF of one empty page."""
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n" + extra + b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )


def archive(entries: dict[str, bytes], *, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", packing) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return written.getvalue()


def office(extension: str = "docx", **more: bytes) -> bytes:
    """A document of Office as far as its directory goes."""
    sort = {"docx": "wordprocessingml.document", "xlsx": "spreadsheetml.sheet", "pptx": "presentationml.presentation"}
    entries = {"[Content_Types].xml": CONTENT_TYPES.format(sort[extension]).encode(), "main.xml": b"<main/>"}
    return archive({**entries, **more})


def wav(seconds: float = 0.5, remark: bytes = b"") -> bytes:
    """Silence, with a remark in the place that WAV has for it."""
    sound = bytes(int(8000 * seconds))
    chunks = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    if remark:
        chunks += b"LIST" + struct.pack("<I", len(remark)) + remark + b"\0" * (len(remark) % 2)
    chunks += b"data" + struct.pack("<I", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def mp3(frames: int = 40, *, tag: bytes = b"") -> bytes:
    """Frames of 128 kbit/s at 44 100 Hz, behind an ID3 tag if there is one."""
    front = b"ID3\4\0\0" + bytes([0, 0, len(tag) >> 7 & 0x7F, len(tag) & 0x7F]) + tag if tag else b""
    return front + (b"\xff\xfb\x90\x00" + bytes(413)) * frames


def aac(frames: int = 40) -> bytes:
    """ADTS frames of 100 bytes at 44 100 Hz."""
    return (bytes([0xFF, 0xF1, 0x50, 0x80, 100 >> 3, (100 & 7) << 5 | 0x1F, 0xFC]) + bytes(93)) * frames


def box(name: bytes, content: bytes) -> bytes:
    """One box of MP4."""
    return struct.pack(">I4s", 8 + len(content), name) + content


def mp4(handler: bytes = b"vide", *, brand: bytes = b"isom", milliseconds: int = 1500, place: bytes = b"") -> bytes:
    """A recording with one empty track; phones write the place into `udta` and `meta`."""
    header = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, milliseconds) + bytes(80))
    media = box(b"mdia", box(b"hdlr", bytes(8) + handler + bytes(13)))
    remarks = box(b"udta", box(b"\xa9xyz", place)) + box(b"meta", place) if place else b""
    moov = box(b"moov", header + box(b"trak", media + remarks) + remarks)
    return box(b"ftyp", brand + bytes(4) + brand) + moov + box(b"mdat", bytes(500))


def element(number: int, content: bytes) -> bytes:
    """One element of WebM, its length in eight bytes."""
    return (
        number.to_bytes((number.bit_length() + 7) // 8, "big") + (1 << 56 | len(content)).to_bytes(8, "big") + content
    )


def webm(track: int = 1, *, milliseconds: float = 2500.0, place: bytes = b"", document: bytes = b"webm") -> bytes:
    """A recording with one empty track, and tags if there is a place to tell of."""
    info = element(0x1549A966, element(0x2AD7B1, b"\x0f\x42\x40") + element(0x4489, struct.pack(">d", milliseconds)))
    tracks = element(0x1654AE6B, element(0xAE, element(0x83, bytes([track]))))
    tags = element(0x1254C367, place) if place else b""
    cluster = b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff" + element(0xE7, b"\0") + element(0xA3, bytes(300))
    segment = b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + info + tracks + cluster + tags
    return element(0x1A45DFA3, element(0x4282, document)) + segment


def ogg_page(content: bytes, *, granule: int, number: int) -> bytes:
    """One page with its checksum."""
    segments = bytes([255] * (len(content) // 255) + [len(content) % 255])
    page = PAGE.pack(b"OggS", 0, 0, granule, 7, number, 0, len(segments)) + segments + content
    return page[:22] + struct.pack("<I", checksum(page)) + page[26:]


def ogg(seconds: int = 2, remark: bytes = b"") -> bytes:
    """Opus, with one remark."""
    head = b"OpusHead\1\1" + struct.pack("<HIhB", 312, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 4) + b"test" + struct.pack("<II", 1, len(remark)) + remark
    pages = [(head, 0), (tags, 0), (bytes(200), seconds * 48_000 + 312)]
    return b"".join(ogg_page(content, granule=at, number=number) for number, (content, at) in enumerate(pages))
