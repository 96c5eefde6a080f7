"""The doors between servers and Django: bodies bounded before they are stored, text in UTF-8 whatever is claimed."""

from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from khidma.http.errors import PayloadTooLarge
from khidma.http.handler import error_body
from khidma.http.parsers import MAX_BODY
from khidma.http.renderers import json_bytes
from khidma.kernel.context import request_id
from khidma.kernel.ids import new_id

MAX_UPLOAD = 64 * 1024 * 1024
UPLOADS = ("/api/media", "/api/users/me/id-document")


class _InUtf8(HttpRequest):
    """A request whose Content-Type cannot choose a codec: Python has ones that fail or blow up on the query string."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Utf8ASGIRequest(_InUtf8, ASGIRequest):
    """As Uvicorn brings it."""


class Utf8WSGIRequest(_InUtf8, WSGIRequest):
    """As Granian brings it."""


class Utf8ASGIHandler(ASGIHandler):
    request_class = Utf8ASGIRequest


class Utf8WSGIHandler(WSGIHandler):
    request_class = Utf8WSGIRequest


class BoundedBody:
    """Stops reading a body, chunked or not, once it is longer than any operation at that address takes.

    Django's handler would otherwise write the whole of it to disk before a view could refuse it.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        limit = MAX_UPLOAD if scope["path"].startswith(UPLOADS) else MAX_BODY
        length = 0

        async def counted() -> Any:
            nonlocal length
            message = await receive()
            length += len(message.get("body", b""))
            return message if length <= limit else {"type": "http.disconnect"}

        await self.application(scope, counted, send)
        if length > limit:
            await refuse(limit, send)


async def refuse(limit: int, send: Any) -> None:
    """413 in the shape of every error, without Django."""
    own_id = str(new_id())
    token = request_id.set(own_id)
    body = json_bytes(error_body(PayloadTooLarge(details={"limit": limit})))
    request_id.reset(token)
    headers = [
        (b"x-request-id", own_id.encode()),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": PayloadTooLarge.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def asgi_application() -> Any:
    """Django for Uvicorn."""
    django.setup(set_prefix=False)
    return BoundedBody(Utf8ASGIHandler())


def wsgi_application() -> Any:
    """Django for Granian; its own limit on bodies stands in its settings."""
    django.setup(set_prefix=False)
    return Utf8WSGIHandler()
