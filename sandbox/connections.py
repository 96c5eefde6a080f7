"""Connections that break as on a dying network, which ASGI by itself cannot do."""

import asyncio
import socket
import struct
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

TRANSPORT = "sandbox.transport"


class Breakable:
    """Keeps uvicorn's transport of each request within reach of `break_connection`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        await self.app(scope, receive, send)


async def break_connection(request: Request) -> Response:
    """Close the socket without a byte of answer: a reset, no orderly end. What is returned goes nowhere."""
    transport: asyncio.Transport | None = request.scope[TRANSPORT]
    if transport is None:
        raise RuntimeError("Connections can be broken only under uvicorn.")
    connection = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await wait_for_disconnect(request, 1.0)
    return Response()


async def wait_for_disconnect(request: Request, seconds: float) -> None:
    """Return when the caller has hung up, or after so long."""

    async def listen() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    with suppress(TimeoutError):
        await asyncio.wait_for(listen(), seconds)
