"""The phones: a process that opens sockets, and sends as it is told by lines on its standard input.

Frames are cut by hand: a library would take more of the machine than the servers that are measured.
"""

import asyncio
import json
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT = "Namaste! The first sketch is ready, with a little more gold. Shall I send it now, or tomorrow?"
AT_ONCE = 50


class Phone(asyncio.Protocol):
    """One socket; whole text frames go to `heard`."""

    def __init__(self, request: str) -> None:
        self.request = request
        self.buffer = b""
        self.is_open = False
        self.ready = asyncio.get_running_loop().create_future()
        self.heard: Callable[[dict[str, Any]], None] = lambda frame: None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request.encode())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.is_open:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                raise RuntimeError(head.decode())
            self.is_open, self.buffer = True, rest
        while self._take():
            pass

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed before it was ready"))

    def _take(self) -> bool:
        buffer = self.buffer
        if len(buffer) < 2:
            return False
        length, at = buffer[1] & 0x7F, 2
        if length == 126:
            if len(buffer) < 4:
                return False
            length, at = struct.unpack("!H", buffer[2:4])[0], 4
        if len(buffer) < at + length:
            return False
        body, self.buffer = buffer[at : at + length], buffer[at + length :]
        opcode = buffer[0] & 0xF
        if opcode == 9:
            self._write(0x8A, body)
        elif opcode == 1:
            self._hear(orjson.loads(body))
        return True

    def _hear(self, frame: dict[str, Any]) -> None:
        if frame["event"] == "AUTHENTICATED" and not self.ready.done():
            self.ready.set_result(None)
        elif frame["event"] == "PING":
            self.say({"event": "PONG", "data": {}})
        elif frame["event"] == "ERROR":
            raise RuntimeError(f"The server answered {frame}")
        else:
            self.heard(frame)

    def say(self, frame: dict[str, Any]) -> None:
        self._write(0x81, orjson.dumps(frame))

    def _write(self, first: int, body: bytes) -> None:
        """A frame; its mask is zero, so that nothing needs masking."""
        length = len(body)
        size = bytes([0x80 | length]) if length < 126 else b"\xfe" + struct.pack("!H", length)
        self.transport.write(bytes([first]) + size + b"\0\0\0\0" + body)


class Pair:
    """Two phones that can talk."""

    def __init__(self, conversation: str, phones: tuple[Phone, Phone]) -> None:
        self.conversation, self.phones = conversation, phones
        self.said = 0
        self.sent_at: dict[str, float] = {}
        self.arrived: Callable[[Pair, int, float], None] = lambda pair, side, seconds: None
        for side, phone in enumerate(phones):
            phone.heard = lambda frame, side=side: self._heard(side, frame)  # type: ignore[misc]

    def say(self, side: int) -> None:
        """One message from this side."""
        self.said += 1
        own = f"{side}-{self.said}-{time.time_ns()}"
        data = {"conversationId": self.conversation, "text": TEXT, "clientMessageId": own}
        self.sent_at[own] = time.perf_counter()
        self.phones[side].say({"event": "CHAT_MESSAGE", "data": data, "ref": own})

    def _heard(self, side: int, frame: dict[str, Any]) -> None:
        own = frame["data"].get("clientMessageId", "")
        if frame["event"] == "CHAT_MESSAGE" and own[:1] == str(1 - side):
            sent_at = self.sent_at.pop(own, None)
            if sent_at is not None:
                self.arrived(self, side, time.perf_counter() - sent_at)


async def open_pairs(port: int, pairs: list[Any], key: str) -> list[Pair]:
    """All sockets, fifty at a time."""
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    async def open_one(side: list[str]) -> Phone:
        value = side[1] if key == "token" else side[0]
        request = HANDSHAKE.format(path=f"/ws?{key}={value}", port=port)
        async with gate, asyncio.timeout(60):
            _transport, phone = await loop.create_connection(lambda: Phone(request), "127.0.0.1", port)
            await phone.ready
            return phone

    found = await asyncio.gather(*(open_one(side) for one, other, _talk in pairs for side in (one, other)))
    both = zip(found[::2], found[1::2], strict=True)
    return [Pair(talk, phones) for (_one, _other, talk), phones in zip(pairs, both, strict=True)]


async def steadily(pairs: list[Pair], rate: float, seconds: float) -> dict[str, Any]:
    """So many messages a second, whether or not the others have arrived; how long each took."""
    took: list[float] = []
    for pair in pairs:
        pair.arrived = lambda pair, side, seconds: took.append(seconds)
    began, count = time.perf_counter(), int(rate * seconds)
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        pairs[number * 7 % len(pairs)].say(number % 2)
    for _ in range(100):
        if len(took) >= count:
            break
        await asyncio.sleep(0.1)
    took.sort()
    return {"sent": count, "arrived": len(took), "p50": _at(took, 0.5), "p99": _at(took, 0.99)}


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else float("nan")


async def as_fast_as_they_can(pairs: list[Pair], at_once: int, seconds: float) -> dict[str, Any]:
    """So many pairs answer each other without a pause; how many messages arrived a second."""
    count, until = 0, time.perf_counter() + seconds

    def answer(pair: Pair, side: int, _seconds: float) -> None:
        nonlocal count
        if time.perf_counter() < until:
            count += 1
            pair.say(side)

    for pair in pairs:
        pair.arrived = answer
    for pair in pairs[:at_once]:
        pair.say(0)
    await asyncio.sleep(seconds + 0.5)
    return {"arrived": count, "rate": count / seconds}


async def main() -> None:
    """Open what the first line says, then do what each line says."""
    loop = asyncio.get_running_loop()
    told = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    pairs = await open_pairs(told["port"], told["pairs"], told["key"])
    print(json.dumps({"open": 2 * len(pairs)}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        if order["do"] == "steadily":
            answer = await steadily(pairs, order["rate"], order["seconds"])
        else:
            answer = await as_fast_as_they_can(pairs, order["at_once"], order["seconds"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
