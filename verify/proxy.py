"""A network that fails on demand: a TCP proxy between two of our own processes that drops, resets, stalls and cuts."""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from enum import StrEnum

BLOCK = 65_536
RESET = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """How a network fails."""

    DROP = "drop"
    """What is sent arrives nowhere, until both sides learn that the connection is gone."""
    RESET = "reset"
    """Every connection ends at once, and new ones are refused."""
    STALL = "stall"
    """Nothing moves for a while, then all of it."""
    CUT = "cut"
    """An answer ends in its middle."""


class Connection:
    """One connection through the proxy."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far

    def reset(self) -> None:
        """End both halves at once, as a router without memory would."""
        for writer in (self.near, self.far):
            found = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


class Link:
    """One stretch of network: listens near, forwards far, and fails when told to."""

    def __init__(self, name: str, far_port: int) -> None:
        self.name, self.far_port = name, far_port
        self.port = 0
        self.fault: Fault | None = None
        self._moving = asyncio.Event()
        self._moving.set()
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and end what is connected."""
        if self._server:
            self._server.close()
        self._reset_all()

    async def fail(self, fault: Fault, seconds: float) -> None:
        """Fail in this way for so long, then be whole again."""
        self.fault = fault
        if fault is Fault.STALL:
            self._moving.clear()
        if fault is Fault.RESET:
            self._reset_all()
        await asyncio.sleep(seconds)
        if fault is Fault.DROP:
            self._reset_all()
        self.fault = None
        self._moving.set()

    def _reset_all(self) -> None:
        for connection in list(self._connections):
            connection.reset()

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            if self.fault is Fault.RESET:
                raise ConnectionResetError
            answers, far = await asyncio.open_connection("127.0.0.1", self.far_port)
        except OSError:
            near.transport.abort()
            return
        connection = Connection(near, far)
        self._connections.add(connection)
        try:
            await asyncio.gather(
                self._pump(reader, far, connection, self._asked), self._pump(answers, near, connection, self._answered)
            )
        except OSError:
            connection.reset()
        finally:
            self._connections.discard(connection)
            near.close()
            far.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: Connection,
        treat: Callable[[bytes, Connection, asyncio.StreamWriter], Awaitable[bytes]],
    ) -> None:
        while data := await reader.read(BLOCK):
            if kept := await treat(data, connection, writer):
                writer.write(kept)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()

    async def _asked(self, data: bytes, connection: Connection, writer: asyncio.StreamWriter) -> bytes:
        await self._moving.wait()
        return b"" if self.fault is Fault.DROP else data

    async def _answered(self, data: bytes, connection: Connection, writer: asyncio.StreamWriter) -> bytes:
        await self._moving.wait()
        if self.fault is Fault.CUT:
            writer.write(data[: len(data) // 2])
            await asyncio.sleep(0.01)
            connection.reset()
            return b""
        return b"" if self.fault is Fault.DROP else data


def drawn(randomness: random.Random) -> tuple[Fault, float]:
    """A fault and how long it lasts."""
    return randomness.choice(list(Fault)), randomness.uniform(0.5, 4.0)
