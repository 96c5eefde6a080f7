"""The socket's protocol under Uvicorn: its own, but that a client which does not read holds on to nothing for long."""

import asyncio
import socket
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

FAREWELL_SECONDS = 5.0
SHUTDOWN_SECONDS = 2.0
KEPT_BY_THE_KERNEL = 64 * 1024
"""Bytes on their way to one client. Left to itself the kernel takes megabytes for each that does not read."""
KEPT_BY_THE_TRANSPORT = 16 * 1024
"""Bytes that wait for the kernel; above them nobody writes more."""


class Protocol(WebSocketsSansIOProtocol):
    """Uvicorn waits without end for a client to take what was written, a close frame too; here it waits a moment."""

    def connection_made(self, transport: Any) -> None:
        """As Uvicorn, with bounds on what the kernel and the transport keep."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=KEPT_BY_THE_TRANSPORT)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KEPT_BY_THE_KERNEL)

    async def send(self, message: Any) -> None:
        """As Uvicorn; a socket that the application closes is gone soon after, whether or not the client reads."""
        if message["type"] == "websocket.close":
            self._abort_in(FAREWELL_SECONDS)
        await super().send(message)

    def handle_ping(self) -> None:
        """Answer a ping, but not those of a client that takes no answers: they would pile up."""
        answer = self.conn.data_to_send()
        if self.writable.is_set():
            self.transport.write(b"".join(answer))

    def shutdown(self) -> None:
        """Close with 1012, and wait a moment only for those who do not read it."""
        super().shutdown()
        self._abort_in(SHUTDOWN_SECONDS)

    def _abort_in(self, seconds: float) -> None:
        transport: asyncio.Transport = self.transport
        self.loop.call_later(seconds, transport.abort)
