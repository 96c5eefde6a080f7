"""Many requests in one moment: every connection is open before the first byte of any request is sent."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 30.0


@dataclass(frozen=True)
class Shot:
    """One request to be."""

    method: str
    path: str
    body: Any = None
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self, port: int, *, connection: str = "close") -> bytes:
        """The bytes of it. A body of bytes goes as it is."""
        raw = (
            self.body if isinstance(self.body, bytes) else b"" if self.body is None else json.dumps(self.body).encode()
        )
        head = {"Host": f"127.0.0.1:{port}", "Connection": connection, "Content-Length": str(len(raw))}
        if raw:
            head["Content-Type"] = "application/json"
        if self.token:
            head["Authorization"] = f"Bearer {self.token}"
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in (head | dict(self.headers)).items()),
        ]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + raw


@dataclass(frozen=True)
class Reply:
    """What came back; status 0 where nothing did."""

    status: int
    body: Any
    headers: Mapping[str, str]
    seconds: float

    @property
    def code(self) -> str:
        """The error's code, if it is an error."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return str(error.get("code", "")) if isinstance(error, dict) else ""

    @property
    def data(self) -> Any:
        """What an answer that is no error holds."""
        return self.body.get("data", self.body) if isinstance(self.body, dict) else self.body

    @property
    def kind(self) -> tuple[int, str]:
        return self.status, self.code


async def volley(port: int, shots: Sequence[Shot]) -> list[Reply]:
    """Send them all at once; the replies in the same order."""
    lines = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in shots))
    encoded = [shot.encode(port) for shot in shots]
    began = time.perf_counter()
    for (_, writer), raw in zip(lines, encoded, strict=True):
        writer.write(raw)
    return list(await asyncio.gather(*(_reply(reader, writer, began) for reader, writer in lines)))


async def _reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, began: float) -> Reply:
    try:
        async with asyncio.timeout(PATIENCE):
            raw = await reader.read()
    except (TimeoutError, OSError) as error:
        return Reply(0, repr(error), {}, time.perf_counter() - began)
    finally:
        writer.close()
    return _parse(raw, time.perf_counter() - began)


def _parse(raw: bytes, seconds: float) -> Reply:
    head, _, rest = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    if not first.startswith("HTTP/1.1 "):
        return Reply(0, "the connection was closed without an answer", {}, seconds)
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    if headers.get("transfer-encoding") == "chunked":
        rest = _unchunked(rest)
    try:
        body = json.loads(rest) if rest else None
    except ValueError:
        body = rest.decode(errors="replace")
    return Reply(int(first.split(" ")[1]), body, headers, seconds)


def _unchunked(rest: bytes) -> bytes:
    parts = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            break
        parts.append(rest[:length])
        rest = rest[length + 2 :]
    return b"".join(parts)


class Line:
    """One connection that stays open: a request after the other."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, shot: Shot) -> Reply:
        """One request and its reply; a connection that the server has closed meanwhile is opened again, once."""
        is_fresh = self._ends is None
        began = time.perf_counter()
        reply = await self._ask(shot, began)
        if reply.status == 0 and not is_fresh:
            reply = await self._ask(shot, began)
        return reply

    async def _ask(self, shot: Shot, began: float) -> Reply:
        try:
            if self._ends is None:
                self._ends = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = self._ends
            writer.write(shot.encode(self.port, connection="keep-alive"))
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                rest = await reader.readexactly(_length(head))
        except (TimeoutError, OSError, EOFError) as error:
            self.close()
            return Reply(0, repr(error), {}, time.perf_counter() - began)
        reply = _parse(head + rest, time.perf_counter() - began)
        if reply.headers.get("connection") == "close":
            self.close()
        return reply

    def close(self) -> None:
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
