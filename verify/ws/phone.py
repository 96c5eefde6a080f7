"""One socket of a client, by the public library `websockets`: the token in any of its three forms, frames, closing."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

FORMS = ("frame", "subprotocol", "address")
GONE = (OSError, ConnectionClosed, InvalidHandshake, TimeoutError, EOFError)
"""What a client sees when the server is away, or goes away."""


async def open_socket(port: int, token: str = "", form: str = "frame", **options: Any) -> ClientConnection:
    """An open socket; with the form `frame` the token is sent at once. :raises GONE: see there."""
    address = f"ws://127.0.0.1:{port}/ws" + (f"?token={token}" if form == "address" else "")
    if form == "subprotocol":
        options["subprotocols"] = ["khidma.v1", f"bearer.{token}"]
    more: dict[str, Any] = {"compression": None, "ping_interval": None, "proxy": None, "close_timeout": 1, **options}
    socket = await connect(address, **more)
    if form == "frame" and token:
        await say(socket, "AUTHENTICATE", token=token)
    return socket


async def say(socket: ClientConnection, event: str, ref: Any = None, **data: Any) -> None:
    """One frame to the server."""
    frame = {"event": event, "data": data} | ({"ref": ref} if ref is not None else {})
    await socket.send(json.dumps(frame, default=str))


async def hear(socket: ClientConnection, *events: str, within: float = 10) -> dict[str, Any]:
    """The next frame of one of these events; others are passed over. Where none comes, a frame that says so."""
    try:
        async with asyncio.timeout(within):
            while True:
                frame: dict[str, Any] = json.loads(await socket.recv())
                if frame["event"] in events:
                    return frame
    except TimeoutError:
        return {"event": "nothing", "data": {}}
    except ConnectionClosed:
        return {"event": f"closed with {socket.close_code}", "data": {}}


async def closed(socket: ClientConnection, within: float) -> int | None:
    """The code with which the server closes; nothing if it does not in time."""
    try:
        async with asyncio.timeout(within):
            while True:
                await socket.recv()
    except ConnectionClosed:
        return socket.close_code
    except TimeoutError:
        return None
