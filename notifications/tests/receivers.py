"""Servers of others, for tests: they answer as they are told, and keep what they were sent."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Message:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """The payload, if the public library takes the signature. :raises WebhookVerificationError: it does not."""
        payload: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return payload


@dataclass
class ReceiverServer:
    """Answers with `status` (or the next of `answers`), after `delay` seconds, with these headers and this body."""

    port: int = 0
    status: int = 200
    answers: list[int] = field(default_factory=list)
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    messages: list[Message] = field(default_factory=list)

    @property
    def place(self) -> str:
        """As KHIDMA_NEAR_RECEIVERS lists it."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}/hook"


@contextmanager
def receiving(**told: Any) -> Iterator[ReceiverServer]:
    """A receiver on a port of its own, for as long as this lasts."""
    receiver = ReceiverServer(**told)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.messages.append(Message({name.lower(): value for name, value in self.headers.items()}, body))
            time.sleep(receiver.delay)
            self.send_response(receiver.answers.pop(0) if receiver.answers else receiver.status)
            for name, value in {"Content-Length": str(len(receiver.body)), **receiver.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # a sender may hang up on a long answer
                self.wfile.write(receiver.body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
