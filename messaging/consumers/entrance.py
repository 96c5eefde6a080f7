"""The way into the socket: whose pages may open it, and the token that comes with the handshake, kept out of logs."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.http.request import HttpRequest, split_domain_port, validate_host
from django.utils.translation import get_language_from_request

PROTOCOL = "khidma.v1"
BEARER = "bearer."
TOKEN = "khidma.token"  # noqa: S105  (the name under which the scope keeps it)

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Entrance:
    """Wraps the socket's application: refuses strange pages with 403 and takes the token out of the address.

    The scope is changed in place: the server logs the address from it.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope[TOKEN] = _take_token(scope)
        if origin_is_allowed(scope):
            await self.application(scope, receive, send)
        else:
            await refuse(scope, receive, send)


async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer the handshake with 403."""
    await receive()
    await send({"type": "websocket.close", "code": 4403})


def origin_is_allowed(scope: dict[str, Any]) -> bool:
    """Whether this page may open a socket; programs that are no browsers send no Origin and may."""
    headers = dict(scope["headers"])
    if b"origin" not in headers:
        return True
    origin = headers[b"origin"].decode("latin-1")
    return origin in settings.CORS_ALLOWED_ORIGINS or _is_ours(origin, headers.get(b"host", b"").decode("latin-1"))


def chosen_protocol(scope: dict[str, Any]) -> str | None:
    """The subprotocol that we speak, if the client offers it."""
    return PROTOCOL if PROTOCOL in scope.get("subprotocols", ()) else None


def language_of(scope: dict[str, Any]) -> str:
    """The language that the handshake asks for, among ours."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
    return get_language_from_request(request)


def _is_ours(origin: str, host: str) -> bool:
    domain, _port = split_domain_port(host)
    return (
        bool(host) and urlsplit(origin).netloc.lower() == host.lower() and validate_host(domain, settings.ALLOWED_HOSTS)
    )


def _take_token(scope: dict[str, Any]) -> str | None:
    offered = [name.removeprefix(BEARER) for name in scope.get("subprotocols", ()) if name.startswith(BEARER)]
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    named = [value for name, value in query if name == "token"]
    if named:
        scope["query_string"] = urlencode([pair for pair in query if pair[0] != "token"]).encode("latin-1")
    return next(iter([*offered, *named]), None)
