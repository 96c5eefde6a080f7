"""The stored bytes of a file: in the open, or encrypted and apart."""

import base64
import io
import secrets
from tempfile import TemporaryFile
from typing import BinaryIO

from khidma.kernel.network import give_connections_back
from khidma.kernel.sealing import seal, seal_stream, unseal, unseal_stream
from khidma.media.models import File
from khidma.media.providers import storage


def new_sealed_key(file: File) -> str:
    """A key for this file alone, sealed for its row."""
    return seal(base64.b64encode(secrets.token_bytes(32)).decode(), binding=_binding(file))


def store_bytes(file: File, content: BinaryIO) -> None:
    """Write them. :raises Unavailable: the storage does not answer, or is full."""
    if not file.is_sealed:
        storage.store(storage.MEDIA, file.storage_key, content)
        return
    with TemporaryFile() as sealed:
        sealed.writelines(seal_stream(content, key=_key(file), binding=_binding(file)))
        sealed.seek(0)
        storage.store(storage.IDENTITY, file.storage_key, sealed)


def open_file(file: File) -> BinaryIO:
    """Read them; sealed ones are opened in memory.

    :raises Unavailable: the storage does not answer, or has lost them.
    """
    give_connections_back()
    if not file.is_sealed:
        return storage.fetch(storage.MEDIA, file.storage_key)
    with storage.fetch(storage.IDENTITY, file.storage_key) as sealed:
        return io.BytesIO(b"".join(unseal_stream(sealed, key=_key(file), binding=_binding(file))))


def erase_stored(file: File) -> None:
    """Remove them. :raises Unavailable: the storage does not answer."""
    storage.erase(storage.IDENTITY if file.is_sealed else storage.MEDIA, file.storage_key)


def _key(file: File) -> bytes:
    return base64.b64decode(unseal(file.sealed_key, binding=_binding(file)))


def _binding(file: File) -> str:
    return f"file:{file.pk}"
