"""Personal columns at rest: AES-GCM with the key's id and bound to their row; a blind index for look-ups."""

import base64
import hashlib
import hmac
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings


class Unreadable(ValueError):
    """The sealed value belongs to another row, was changed, or its key is gone."""


@lru_cache(maxsize=4)
def _keys(listed: str) -> dict[str, bytes]:
    """`k2:base64,k1:base64`: the first key seals, all of them unseal."""
    keys = {}
    for item in listed.split(","):
        name, _, encoded = item.strip().partition(":")
        key = base64.b64decode(encoded)
        if not name or len(key) != 32:
            raise ValueError("KHIDMA_FIELD_KEYS holds comma-separated id:base64 keys of 32 bytes each.")
        keys[name] = key
    return keys


def seal(text: str, *, binding: str) -> str:
    """Encrypt a text for one place, such as `bank_account:<id>:number`; it opens nowhere else."""
    keys = _keys(settings.KHIDMA_FIELD_KEYS)
    name = next(iter(keys))
    nonce = os.urandom(12)
    sealed = AESGCM(keys[name]).encrypt(nonce, text.encode(), binding.encode())
    return f"{name}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, *, binding: str) -> str:
    """The text again. :raises Unreadable: wrong place, changed, or unknown key."""
    name, _, encoded = sealed.partition(":")
    key = _keys(settings.KHIDMA_FIELD_KEYS).get(name)
    raw = base64.b64decode(encoded)
    if key is None:
        raise Unreadable(f"No key is called {name!r}.")
    try:
        return AESGCM(key).decrypt(raw[:12], raw[12:], binding.encode()).decode()
    except InvalidTag as error:
        raise Unreadable("The sealed value does not open here.") from error


def key_of(sealed: str) -> str:
    """The id of the key a value was sealed with, for rotation."""
    return sealed.partition(":")[0]


def blind_index(text: str, *, purpose: str) -> str:
    """A keyed hash to find equal values by, without reading them; it does not change when field keys rotate."""
    return hmac.new(settings.KHIDMA_OTP_PEPPER.encode(), f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


PIECE = 64 * 1024
TAG = 16


def seal_stream(content: BinaryIO, *, key: bytes, binding: str) -> Iterator[bytes]:
    """Encrypt a file of any length piece by piece, under a key of 32 bytes that seals nothing else.

    A piece opens at its own place of this file alone, and the last one says that it is the last.
    """
    number, piece = 0, content.read(PIECE)
    while True:
        following = content.read(PIECE)
        yield AESGCM(key).encrypt(number.to_bytes(12, "big"), piece, _place(binding, number, is_last=not following))
        if not following:
            return
        number, piece = number + 1, following


def unseal_stream(sealed: BinaryIO, *, key: bytes, binding: str) -> Iterator[bytes]:
    """The pieces again. :raises Unreadable: wrong key or file, changed, cut off, or put together anew."""
    number, piece = 0, sealed.read(PIECE + TAG)
    while True:
        following = sealed.read(PIECE + TAG)
        place = _place(binding, number, is_last=not following)
        try:
            yield AESGCM(key).decrypt(number.to_bytes(12, "big"), piece, place)
        except InvalidTag as error:
            raise Unreadable("The sealed file does not open here.") from error
        if not following:
            return
        number, piece = number + 1, following


def _place(binding: str, number: int, *, is_last: bool) -> bytes:
    return f"{binding}:{number}:{'last' if is_last else 'more'}".encode()
