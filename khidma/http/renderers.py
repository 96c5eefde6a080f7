"""Answers as bytes of JSON."""

from datetime import date, datetime
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer

from khidma.http.fields import milliseconds

CONTENT_TYPE = "application/json"


def json_bytes(payload: Any) -> bytes:
    """The payload as JSON; a moment that no field wrote still comes out as milliseconds."""
    return orjson.dumps(payload, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, datetime):
        return milliseconds(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def json_response(payload: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """A response with the payload as its body; none for 204 and 304."""
    body = b"" if status in {204, 304} else json_bytes(payload)
    response = HttpResponse(body, status=status, content_type=CONTENT_TYPE)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


class Envelope(BaseRenderer):
    """JSON is the only thing that the API speaks; what DRF itself renders is rendered here too."""

    media_type = CONTENT_TYPE
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else json_bytes(data)
