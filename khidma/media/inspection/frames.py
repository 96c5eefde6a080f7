"""MP3 and AAC: frames one after the other, each saying how long it is; what stands around them is cut away."""

from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple

from khidma.media.inspection.report import Report

MP3_BITRATES = {  # kbit/s of layer III, by version
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
FEWEST_FRAMES = 3
MOST_TAGS = 4
LEAST_SHARE = 0.9
"""Of what is left without tags at its front, so much at least must be sound."""


class Frame(NamedTuple):
    """One frame: its length in bytes, its samples, its rate in samples a second, and its format."""

    length: int
    samples: int
    rate: int
    format: str


def read_frames(content: BinaryIO) -> Report | None:
    """The sound alone, without tags; None if the bytes are no frames from the first to the last."""
    content.seek(0)
    raw = content.read()
    begin = _behind_tags(raw)
    at, frames, samples, rate, kind = begin, 0, 0, 0, ""
    while (frame := _frame(raw, at)) and frame.format == (kind or frame.format) and at + frame.length <= len(raw):
        at, frames, samples = at + frame.length, frames + 1, samples + frame.samples
        rate, kind = frame.rate, frame.format
    if frames < FEWEST_FRAMES or at - begin < LEAST_SHARE * (len(raw) - begin):
        return None
    sound = TemporaryFile()  # noqa: SIM115 - handed on
    sound.write(raw[begin:at])
    mime_type = "audio/mpeg" if kind == "mp3" else "audio/aac"
    return Report(sound, mime_type, kind, duration_ms=samples * 1000 // rate)


def _behind_tags(raw: bytes) -> int:
    """Where the ID3v2 tags at the front end."""
    at = 0
    for _ in range(MOST_TAGS):
        if raw[at : at + 3] != b"ID3" or len(raw) < at + 10:
            break
        size = 0
        for byte in raw[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if raw[at + 5] & 0x10 else 0)
    return at


def _frame(raw: bytes, at: int) -> Frame | None:
    header = raw[at : at + 7]
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    return _aac(header) if header[1] & 0xF6 == 0xF0 else _mp3(header)


def _mp3(header: bytes) -> Frame | None:
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer != 1 or bitrate in {0, 15} or rate == 3:
        return None
    kilobits, hertz = MP3_BITRATES[3 if version == 3 else 2][bitrate], MP3_RATES[version][rate]
    samples = 1152 if version == 3 else 576
    return Frame(samples // 8 * kilobits * 1000 // hertz + padding, samples, hertz, "mp3")


def _aac(header: bytes) -> Frame | None:
    rate = header[2] >> 2 & 0xF
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return Frame(length, 1024, AAC_RATES[rate], "aac") if rate < len(AAC_RATES) and length > 7 else None
