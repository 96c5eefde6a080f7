"""Personal columns at rest: AES-GCM with the key's id and bound to their row; a blind index for look-ups."""

import base64
import hashlib
import hmac
import os
from functools import lru_cache

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
