"""Identifiers: UUID version 7 (RFC 9562), which sort by the time they were made."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_newest = 0


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of milliseconds, 12 of their fraction, 62 random bits.

    One process never makes an id that sorts before an earlier one, so what it writes in a row also lists in that order.
    """
    global _newest
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    moment = milliseconds << 12 | nanoseconds * 4096 // 1_000_000
    with _lock:
        _newest = moment = max(moment, _newest + 1)
    random = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=moment >> 12 << 80 | 0x7 << 76 | (moment & 0xFFF) << 64 | 0b10 << 62 | random)
