"""A file on its way out: in pieces, whole or in part, and never as a page."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, BinaryIO, cast

from asgiref.sync import sync_to_async
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from khidma.media.models import File

PIECE = 256 * 1024
ONE_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)
NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'; sandbox"


class Pieces(StreamingHttpResponse):
    """Bytes read piece by piece, under both sorts of server: Django would read them all at once under ASGI."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(cast(Iterator[bytes], self.streaming_content))
        while piece := await sync_to_async(lambda: next(pieces, b""), thread_sensitive=False)():
            yield piece


def respond_with(file: File, content: BinaryIO, *, wanted: str = "") -> HttpResponseBase:
    """The answer with the file, or with the one range of it that is `wanted` (RFC 9110, section 14)."""
    span = _span(wanted, file.size)
    if span is None:
        content.close()
        return _guarded(HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.size}"}), file)
    first, last = span
    response = Pieces(_pieces(content, first, last - first + 1), content_type=file.mime_type)
    response["Content-Length"] = str(last - first + 1)
    if wanted and (first, last) != (0, file.size - 1):
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{file.size}"
    return _guarded(response, file)


def _guarded(response: Any, file: File) -> HttpResponseBase:
    response["Content-Disposition"] = content_disposition_header(True, file.name)
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = NOTHING_RUNS
    response["X-Content-Type-Options"] = "nosniff"
    return response  # type: ignore[no-any-return]


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """First and last byte; the whole for what is no single range; None for a range that the file does not have."""
    match = ONE_RANGE.fullmatch(wanted)
    if match is None or match.group(1) == match.group(2) == "":
        return 0, size - 1
    if match.group(1) == "":
        length = min(int(match.group(2)), size)
        return (size - length, size - 1) if length else None
    first = int(match.group(1))
    last = min(int(match.group(2)), size - 1) if match.group(2) else size - 1
    return (first, last) if first <= last else None


def _pieces(content: BinaryIO, first: int, length: int) -> Iterator[bytes]:
    with content:
        content.seek(first)
        while length and (piece := content.read(min(PIECE, length))):
            length -= len(piece)
            yield piece
