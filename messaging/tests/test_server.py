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
from deploy.local.run import SOCKET_OPTIONS
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
        command = ["-m", "uvicorn", "khidma.asgi:application", "--port", str(self.port), *SOCKET_OPTIONS]
        with self.log.open("ab") as log:
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

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def memory(self) -> int:
        """What it holds in memory, in bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

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


async def is_gone(server: Server, connection: socket.socket) -> bool:
    """Whether the server has let go of this connection."""
    port = f":{connection.getsockname()[1]:04X} "
    rows = await asyncio.to_thread(Path(f"/proc/{server.pid}/net/tcp").read_text)
    mine = [row.split() for row in rows.splitlines() if port in row]
    return not [row for row in mine if row[1].endswith(f":{server.port:04X}") and row[3] == "01"]


async def raw_socket(running: Server, token: str) -> socket.socket:
    """A socket that is authenticated and then neither reads nor writes, with no room for what is sent to it."""
    near = socket.socket()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    near.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(near, ("127.0.0.1", running.port))
    lines = [
        f"GET /ws?token={token} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    await loop.sock_sendall(near, "\r\n".join([*lines, "", ""]).encode())
    heard = b""
    while b"AUTHENTICATED" not in heard:
        heard += await loop.sock_recv(near, 4_096)
    return near


async def test_a_client_that_reads_nothing_at_all_is_cut_off(tmp_path: Path) -> None:
    user = await in_database(make_client)
    token = await in_database(bearer, user)

    def push() -> None:
        for number in range(900):
            streams.push(user_ids=[user.pk], event="NOTIFICATION", data={"number": number, "pad": "x" * 8_000})

    async with server(tmp_path / "log") as running:
        with await raw_socket(running, token) as deaf:
            await asyncio.sleep(1)
            await in_database(push)
            for _ in range(60):
                if gone := await is_gone(running, deaf):
                    break
                await asyncio.sleep(0.5)
    assert gone


async def test_a_client_that_pings_and_reads_nothing_fills_no_memory(tmp_path: Path) -> None:
    user = await in_database(make_client)
    token = await in_database(bearer, user)
    ping = bytes([0x89, 0x80 | 125, 0, 0, 0, 0]) + b"x" * 125

    async with server(tmp_path / "log") as running:
        with await raw_socket(running, token) as deaf:
            before = running.memory()
            for _ in range(100):
                await asyncio.get_running_loop().sock_sendall(deaf, ping * 4_000)
            assert running.memory() - before < 20_000_000


async def test_an_address_that_is_no_socket_keeps_the_token_out_of_the_log_too(tmp_path: Path) -> None:
    async with server(tmp_path / "log") as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /ws?token=very-secret HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 404")
    assert "very-secret" not in (tmp_path / "log").read_text()


async def test_a_message_in_fragments_over_64_kib_closes_with_1009_and_one_within_it_is_read(tmp_path: Path) -> None:
    user = await in_database(make_client)
    token = await in_database(bearer, user)
    async with server(tmp_path / "log") as running:
        whole = await connect(f"{running.address}?token={token}")
        await hear(whole, "AUTHENTICATED")
        await whole.send(['{"event": "PI', 'NG", "ref": 7}'])
        assert (await hear(whole, "PONG"))["ref"] == 7
        with suppress(ConnectionClosed):
            await whole.send(["x" * 60_000, "x" * 5_000, "x" * 1_000])
        assert await close_code(whole) == 1009


async def test_binary_frames_are_answered_as_nonsense(tmp_path: Path) -> None:
    user = await in_database(make_client)
    token = await in_database(bearer, user)
    async with server(tmp_path / "log") as running, await connect(f"{running.address}?token={token}") as client:
        await client.send(b'{"event": "PING"}')
        assert (await hear(client, "ERROR"))["data"]["code"] == "malformed_request"
        for _ in range(19):
            await client.send(b"\x00")
        assert await close_code(client) == 4400


async def test_a_restart_closes_with_1012_and_what_was_said_meanwhile_comes_after_it_once(tmp_path: Path) -> None:
    user = await in_database(make_client)
    token = await in_database(bearer, user)

    def push(number: int) -> None:
        streams.push(user_ids=[user.pk], event="NOTIFICATION", data={"number": number})

    async with server(tmp_path / "log") as running:
        before = await connect(f"{running.address}?token={token}")
        await hear(before, "AUTHENTICATED")
        await in_database(push, 1)
        assert (await hear(before, "NOTIFICATION"))["seq"] == 1
        stopping = asyncio.create_task(running.stop())
        assert await close_code(before) == 1012
        await in_database(push, 2)
        await stopping
        await in_database(push, 3)
        await running.start()
        async with await connect(f"{running.address}?token={token}") as after:
            assert (await hear(after, "AUTHENTICATED"))["data"]["seq"] == 3
            await after.send(json.dumps({"event": "RESUME", "data": {"lastSeq": 1}}))
            await in_database(push, 4)
            heard = [await hear(after, "NOTIFICATION") for _ in range(3)]
    assert [frame["data"]["number"] for frame in heard] == [2, 3, 4]
