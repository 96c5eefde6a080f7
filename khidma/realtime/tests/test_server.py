"""The socket's protocol: how much waits for a client that does not read."""

import asyncio
import socket
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.asyncio.client import connect

from khidma.realtime.server import KEPT_BY_THE_TRANSPORT, Protocol

FRAME = "x" * 6_000


async def pour(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Write without end."""
    await send({"type": "websocket.accept"})
    while True:
        await send({"type": "websocket.send", "text": FRAME})


async def test_what_waits_for_a_client_that_does_not_read_is_bounded() -> None:
    made: list[Protocol] = []

    def protocol() -> Protocol:
        made.append(Protocol(Config(pour, ws="none", lifespan="off"), ServerState(), {}))
        return made[-1]

    loop = asyncio.get_running_loop()
    near = socket.socket()
    near.bind(("127.0.0.1", 0))
    async with await loop.create_server(protocol, sock=near):
        client = await connect(f"ws://127.0.0.1:{near.getsockname()[1]}", compression=None, max_queue=1, proxy=None)
        await asyncio.sleep(1)
        waiting = made[0].transport.get_write_buffer_size()
        client.transport.abort()
        await client.wait_closed()
    assert 0 < waiting <= KEPT_BY_THE_TRANSPORT + len(FRAME) + 14
