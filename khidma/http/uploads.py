"""Uploads: one file of a multipart body, cut off at its limit while it is written to disk."""

import hashlib
import os
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.translation import gettext_lazy as _

from khidma.http.errors import PayloadTooLarge, UnsupportedMediaType
from khidma.kernel.errors import Malformed

MOST_PARTS = 20


@dataclass(frozen=True)
class Upload:
    """What a multipart body held: its file (in a file without a name, gone with the request) and its other fields."""

    fields: dict[str, Any]
    digest: bytes

    @property
    def fingerprint(self) -> bytes:
        """The same for the same file and fields, whatever the boundary between them."""
        texts = sorted((name, value) for name, value in self.fields.items() if isinstance(value, str))
        return repr((texts, self.digest)).encode()


class OneFileToDisk(FileUploadHandler):
    """Writes the one file of a body to disk. :raises PayloadTooLarge: as soon as it is longer than the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.digest = hashlib.sha256()
        self.length = 0
        self.written: Any = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.written is not None:
            raise Malformed(_("Send one file at a time."))
        self.written = TemporaryFile()  # noqa: SIM115 - closed with the request that it belongs to

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.length += len(raw_data)
        if self.length > self.limit:
            raise PayloadTooLarge(details={"limit": self.limit})
        self.digest.update(raw_data)
        self.written.write(raw_data)

    def close(self) -> None:
        """Give the file up, if it was begun."""
        if self.written is not None:
            self.written.close()

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        self.digest.update((self.file_name or "").encode())
        self.written.seek(0)
        return UploadedFile(self.written, self.file_name, self.content_type, self.length, self.charset)


def read_upload(request: HttpRequest, limit: int) -> Upload:
    """The file and the fields of a multipart body, chunked or not.

    :raises UnsupportedMediaType: the body is something else, or compressed.
    :raises PayloadTooLarge: the file is longer than `limit` bytes.
    :raises Malformed: the body is not multipart as it says, or holds several files.
    """
    if request.content_type != "multipart/form-data" or request.headers.get("Content-Encoding"):
        raise UnsupportedMediaType(_("Send the file as multipart/form-data."))
    handler = OneFileToDisk(limit)
    try:
        parser = MultiPartParser(_with_length(request), request, [handler], "utf-8")
        texts, files = parser.parse()
    except Exception as error:
        handler.close()
        if isinstance(error, MultiPartParserError):
            raise Malformed(_("The body is not multipart as it says.")) from error
        raise
    request._files = files  # type: ignore[attr-defined] # which are closed with the request
    if len(texts) + len(files) > MOST_PARTS:
        raise Malformed(_("The body has too many parts."))
    return Upload({**texts.dict(), **{name: files[name] for name in files}}, handler.digest.digest())


def _with_length(request: HttpRequest) -> dict[str, Any]:
    """The headers with the length of what came: a body in chunks announces none, and Django takes it for empty."""
    stream: Any = getattr(request, "_stream", None)
    if "CONTENT_LENGTH" in request.META or not getattr(stream, "seekable", lambda: False)():
        return request.META
    length = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    return {**request.META, "CONTENT_LENGTH": str(length)}
