"""Where the bytes of files lie: a folder of this machine, or a bucket that speaks S3."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from khidma.kernel.errors import Unavailable
from khidma.kernel.network import forbid_in_transaction

logger = logging.getLogger(__name__)

MEDIA = "media"
IDENTITY = "identity"
"""Identity documents, apart from all other files."""


class OwnFolder(FileSystemStorage):
    """A folder that only we may enter; a file is on the disk before it counts as stored."""

    def _save(self, name: str, content: File[Any]) -> str:
        saved = str(super()._save(name, content))  # type: ignore[misc]
        path = self.path(saved)
        for place in (path, os.path.dirname(path)):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return saved


def store(place: str, key: str, content: BinaryIO) -> None:
    """Write the bytes under a key that nothing has. :raises Unavailable: the storage does not answer, or is full."""
    with _reached(place) as storage:
        if storage.save(key, File(content)) != key:
            raise OSError(f"{key} was there already")


def fetch(place: str, key: str) -> BinaryIO:
    """The bytes, to be closed by whoever asked. :raises Unavailable: they cannot be reached now, or are gone."""
    with _reached(place) as storage:
        return cast(BinaryIO, storage.open(key, "rb"))


def erase(place: str, key: str) -> None:
    """Remove the bytes; nothing happens if there are none. :raises Unavailable: the storage does not answer."""
    with _reached(place) as storage:
        storage.delete(key)


@contextmanager
def _reached(place: str) -> Iterator[Storage]:
    forbid_in_transaction()
    try:
        yield storages[place]
    except (OSError, BotoCoreError, ClientError, Boto3Error) as error:
        logger.error("storage_failed", extra={"place": place, "exception": type(error).__qualname__})
        raise Unavailable from error
