"""Voice and video: which container the bytes are, how long they play, and nothing of where they were taken."""

from typing import BinaryIO

from khidma.media.inspection.frames import read_frames
from khidma.media.inspection.mp4 import read_mp4
from khidma.media.inspection.ogg import read_ogg
from khidma.media.inspection.report import Report
from khidma.media.inspection.wav import read_wav
from khidma.media.inspection.webm import read_webm


def read_voice(content: BinaryIO) -> Report | None:
    """A recording without pictures: MP4 (m4a), WebM, Ogg, WAV, MP3 or AAC."""
    return _container(content, with_pictures=False)


def read_video(content: BinaryIO) -> Report | None:
    """A recording with pictures: MP4, QuickTime or WebM."""
    return _container(content, with_pictures=True)


def _container(content: BinaryIO, *, with_pictures: bool) -> Report | None:
    content.seek(0)
    head = content.read(16)
    if head[4:8] == b"ftyp":
        return read_mp4(content, with_pictures=with_pictures)
    if head.startswith(b"\x1aE\xdf\xa3"):
        return read_webm(content, with_pictures=with_pictures)
    if with_pictures:
        return None
    if head.startswith(b"OggS"):
        return read_ogg(content)
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return read_wav(content)
    return read_frames(content)
