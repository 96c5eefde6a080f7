"""Receivers good and bad, all on one event loop in a thread of their own; they note what came, and what was wrong."""

import asyncio
import itertools
import json
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Self

from standardwebhooks import Webhook, WebhookVerificationError

KINDS = ("silent", "silent", "dripping", "dripping", "dead", "lying", "gone", "moved", "huge", "flaky")
"""Besides the healthy ones. The first four hang: as many as are well."""
PATIENCE = 60.0
LATE_SECONDS = 5.0
FAILS_EVERY = 100
"""The flaky one. It rests two seconds each time, and would fall behind if it failed much more often."""

Conversation = Callable[["Receivers", str, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Receivers:
    """One port for each. `got` holds (moment, headers, body) of everything that came, by the receiver's name; `late`
    how much of it came too long after its fact; `wrong` says what must never be."""

    def __init__(self, healthy: int) -> None:
        self.names = [f"healthy-{number}" for number in range(healthy)]
        self.names += [f"{kind}-{number}" for number, kind in enumerate(KINDS)]
        self.sockets = {name: _bound() for name in self.names}
        self.got: dict[str, list[tuple[float, dict[str, str], bytes]]] = defaultdict(list)
        self.calls: Counter[str] = Counter()
        self.secrets: dict[str, str] = {}
        self.ids: dict[tuple[str, int], str] = {}
        self.late: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.refused: set[str] = set()
        self.turns: dict[str, itertools.count[int]] = defaultdict(itertools.count)
        self.loop = asyncio.new_event_loop()

    @property
    def healthy(self) -> list[str]:
        return [name for name in self.names if name.startswith("healthy")]

    def place(self, name: str) -> str:
        return f"127.0.0.1:{self.sockets[name].getsockname()[1]}"

    @property
    def places(self) -> list[str]:
        """As KHIDMA_NEAR_RECEIVERS lists them."""
        return [self.place(name) for name in self.names]

    def __enter__(self) -> Self:
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self.thread.start()
        started.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE)
        for one in self.sockets.values():
            one.close()

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._listen())
        started.set()
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def _listen(self) -> None:
        for name, bound in self.sockets.items():
            if not name.startswith("dead"):
                await asyncio.start_server(self._answering(name), sock=bound)

    def _answering(self, name: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        conversation = CONVERSATIONS[name.split("-")[0]]

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.calls[name] += 1
            try:
                await conversation(self, name, reader, writer)
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass  # the sender has left, or all is over
            finally:
                writer.close()

        return answer

    async def take(self, name: str, reader: asyncio.StreamReader) -> str:
        """Read one request, note it, and look at it; its first line stands under `:line`. :returns: its message id."""
        line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {key.lower(): value for key, _, value in (one.partition(": ") for one in lines if one)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        moment = time.time()
        self.got[name].append((moment, {**headers, ":line": line}, body))
        try:
            Webhook(self.secrets[name]).verify(body, headers)
        except (WebhookVerificationError, KeyError, ValueError) as error:
            self.wrong.append(f"the public library does not open what came to {name}: {error!r}")
            return ""
        said = json.loads(body)
        self.late[name] += moment - datetime.fromisoformat(said["timestamp"]).timestamp() > LATE_SECONDS
        if self.ids.setdefault((name, said["sequence"]), headers["webhook-id"]) != headers["webhook-id"]:
            self.wrong.append(f"number {said['sequence']} came to {name} under several ids")
        return headers["webhook-id"]


def _bound() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


async def _healthy(all_: Receivers, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await all_.take(name, reader)
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await writer.drain()


async def _silent(all_: Receivers, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(PATIENCE)


async def _dripping(all_: Receivers, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for letter in itertools.cycle(b"x-slowly: yes\r\n"):
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.5)


async def _lying(all_: Receivers, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Promises more than it sends, or speaks no HTTP at all."""
    await all_.take(name, reader)
    said = [
        b"HTTP/1.1 500 OK\r\nContent-Length: 9999\r\n\r\nok",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
    ]
    writer.write(said[next(all_.turns[name]) % len(said)])
    await writer.drain()


async def _gone(all_: Receivers, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await all_.take(name, reader)
    writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def _moved(all_: Receivers, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends us on to a receiver that is well, which must not hear of it."""
    await all_.take(name, reader)
    where = f"http://{all_.place('healthy-0')}/moved"
    writer.write(f"HTTP/1.1 307 Elsewhere\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())
    await writer.drain()


async def _huge(all_: Receivers, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes it, and answers without an end."""
    await all_.take(name, reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        await writer.drain()


async def _flaky(all_: Receivers, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Fails now and then after it has taken something, and gets it again. Not twice at the same, as the third attempt
    comes five minutes after the second, and nobody waits for that here."""
    message_id = await all_.take(name, reader)
    fails = next(all_.turns[name]) % FAILS_EVERY == 7 and message_id not in all_.refused
    if fails:
        all_.refused.add(message_id)
    status = b"503 Later" if fails else b"200 OK"
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


CONVERSATIONS: dict[str, Conversation] = {
    "healthy": _healthy,
    "silent": _silent,
    "dripping": _dripping,
    "lying": _lying,
    "gone": _gone,
    "moved": _moved,
    "huge": _huge,
    "flaky": _flaky,
}
