"""WAV: a RIFF of chunks, of which only the format and the sound are kept."""

import os
import struct
from typing import BinaryIO

from django.utils.translation import gettext as _

from khidma.media.errors import DamagedFile
from khidma.media.inspection.report import Report

CODECS = {1, 3, 6, 7, 0x11, 0xFFFE}
KEPT = {b"fmt ", b"data", b"fact"}
MOST_CHUNKS = 1000


def read_wav(content: BinaryIO) -> Report | None:
    """The recording, every chunk that is no sound made junk in place. :raises DamagedFile:"""
    end, at, byte_rate, length, count = content.seek(0, os.SEEK_END), 12, 0, 0, 0
    while at + 8 <= end and count < MOST_CHUNKS:
        content.seek(at)
        name, size = struct.unpack("<4sI", content.read(8))
        size = min(size, end - at - 8)
        if name == b"fmt " and size >= 16:
            codec, *_others, byte_rate = struct.unpack("<HHII", content.read(12))
            if codec not in CODECS:
                return None
        elif name == b"data":
            length += size
        elif name not in KEPT:
            content.seek(at)
            content.write(b"JUNK")
            content.seek(at + 8)
            content.write(bytes(size))
        at, count = at + 8 + size + size % 2, count + 1
    if not byte_rate or not length or count == MOST_CHUNKS:
        raise DamagedFile(_("The recording is cut off, or not put together as it says."))
    return Report(content, "audio/wav", "wav", duration_ms=length * 1000 // byte_rate)
