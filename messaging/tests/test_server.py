"""The socket behind the real server: its log, its limits, clients that do not read, and its end."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.tests.factories import bearer, make_client
from khidma.realtime import streams
from khidma.realtime.database import in_database

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.timeout(90)]


class Server:
    """The web process, as `make run` starts it."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = log
        self.address = f"ws://127.0.0.1:{self.port}/ws"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        command = ["-m", "uvicorn", "khidma.asgi:application", "--port", str(self.port), "--ws-max-size", "65536"]
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *command, stdout=log, stderr=log, env=os.environ
            )
        async with asyncio.timeout(30):
            while True:
                try:
                    _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    def tell(self, number: signal.Signals) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)

    async def stop(self) -> None:
        assert self.process is not None
        self.tell(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), 15)
        except TimeoutError:
            self.tell(signal.SIGKILL)
            await self.process.wait()
            raise


@asynccontextmanager
async def server(log: Path) -> AsyncIterator[Server]:
    running = Server(log)
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


async def hear(connection: ClientConnection, event: str) -> dict[str, Any]:
    """The next frame of this event."""
    async with asyncio.timeout(10):
        while True:
            frame: dict[str, Any] = json.loads(await connection.recv())
            if frame["event"] == event:
                return frame


async def close_code(connection: ClientConnection, *, within: float = 10) -> int:
    """The code with which the server closes."""
    with suppress(ConnectionClosed):
        async with asyncio.timeout(within):
            while True:
                await connection.recv()
    assert connection.close_code is not None
    return connection.close_code


async def test_the_real_server_keeps_tokens_out_of_its_log_and_closes_with_1012_when_it_stops(tmp_path: Path) -> None:
    user = await in_database(make_client)
    token = await in_database(bearer, user)
    async with server(tmp_path / "log") as running:
        with pytest.raises(InvalidStatus) as refusal:
            await connect(running.address, origin="https://evil.example")  # type: ignore[arg-type]
        assert refusal.value.response.status_code == 403
        large = await connect(running.address)
        await large.send("x" * 70_000)
        assert await close_code(large) == 1009
        by_address = await connect(f"{running.address}?token={token}")
        by_protocol = await connect(running.address, subprotocols=["khidma.v1", f"bearer.{token}"])  # type: ignore[list-item]
        assert by_protocol.subprotocol == "khidma.v1"
        for connection in (by_address, by_protocol):
            await hear(connection, "AUTHENTICATED")
        await in_database(streams.push, user_ids=[user.pk], event="NOTIFICATION", data={"id": 1})
        for connection in (by_address, by_protocol):
            assert (await hear(connection, "NOTIFICATION"))["seq"] == 1
        running.tell(signal.SIGTERM)
        assert [await close_code(each) for each in (by_address, by_protocol)] == [1012, 1012]
    log = (tmp_path / "log").read_text()
    assert '"WebSocket /ws" [accepted]' in log
    assert token not in log
    assert "Traceback" not in log


async def test_a_client_that_never_reads_is_closed_and_resumes_without_loss(tmp_path: Path) -> None:
    user = await in_database(make_client)
    token = await in_database(bearer, user)
    count = 900

    def push(start: int, stop: int) -> None:
        for number in range(start, stop):
            streams.push(user_ids=[user.pk], event="NOTIFICATION", data={"number": number, "pad": "x" * 8_000})

    async with server(tmp_path / "log") as running:
        lazy = await connect(f"{running.address}?token={token}", max_queue=1, compression=None)
        await hear(lazy, "AUTHENTICATED")
        await asyncio.sleep(1)
        await in_database(push, 0, count)
        async with await connect(f"{running.address}?token={token}") as eager:
            assert (await hear(eager, "AUTHENTICATED"))["data"]["seq"] == count
            await eager.send(json.dumps({"event": "RESUME", "data": {"lastSeq": 0}}))
            heard = [await hear(eager, "NOTIFICATION") for _ in range(count)]
        assert [frame["seq"] for frame in heard] == list(range(1, count + 1))
        assert await close_code(lazy, within=30) == 4410
