"""Strict JSON from raw bytes: UTF-8, bounded in size and depth, no duplicate keys, nothing that is not JSON."""

import json
import re
from io import BytesIO
from typing import Any, NoReturn

from django.http import HttpRequest, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework.parsers import BaseParser

from khidma.http.errors import PayloadTooLarge, UnsupportedMediaType
from khidma.kernel.errors import Malformed

MAX_BODY = 1024 * 1024
MAX_DEPTH = 32
STRING = re.compile(rb'"(?:[^"\\]|\\.)*+\\?"?', re.DOTALL)
BRACKET = re.compile(rb"[\[\]{}]")
SUSPICIOUS_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
HIDDEN = re.compile("[\x00\ud800-\udfff]")


def read_body(request: HttpRequest, limit: int = MAX_BODY) -> bytes:
    """The raw body, however it was sent. :raises PayloadTooLarge: it is longer than the limit."""
    if hasattr(request, "_body"):
        raw = bytes(request._body)
    else:
        announced = str(request.META.get("CONTENT_LENGTH", ""))
        if announced.isdecimal() and int(announced[:19]) > limit:
            raise PayloadTooLarge(details={"limit": limit})
        try:
            raw = request.read(limit + 1)
        except UnreadablePostError as error:
            raise Malformed(_("The body did not arrive whole.")) from error
    if len(raw) > limit:
        raise PayloadTooLarge(details={"limit": limit})
    request._body = raw
    request._stream = BytesIO(raw)
    return raw


def require_json(request: HttpRequest) -> None:
    """:raises UnsupportedMediaType: the body is something else, or compressed."""
    media_type = request.content_type or ""
    if media_type != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType(details={"contentType": media_type[:100]})


def parse_json(raw: bytes) -> Any:
    """The value that the bytes hold. :raises Malformed: they are not strict JSON."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(_("The body is not UTF-8.")) from error
    _bound_depth(raw)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_such_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Malformed(_("The body is not JSON.")) from error
    if SUSPICIOUS_ESCAPE.search(raw):
        _refuse_hidden(value)
    return value


def _bound_depth(raw: bytes) -> None:
    bare = STRING.sub(b"", raw)
    if bare.count(b"[") + bare.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in BRACKET.finditer(bare):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAX_DEPTH:
            raise Malformed(_("The body is nested too deeply."))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed(_("The body names a field twice."))
    return found


def _no_such_number(name: str) -> NoReturn:
    raise Malformed(_("The body holds something that is no number."))


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Malformed(_("The body holds a number that is too large."))
    return number


def _refuse_hidden(value: Any) -> None:
    """Refuse NUL and lone halves of surrogate pairs, which JSON can spell and no text may hold."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if HIDDEN.search(item):
                raise Malformed(_("The body holds a character that no text may hold."))
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())


class StrictJSON(BaseParser):
    """The same for views of DRF's own making, and for the document."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(MAX_BODY + 1)
        if len(raw) > MAX_BODY:
            raise PayloadTooLarge(details={"limit": MAX_BODY})
        return parse_json(raw)
