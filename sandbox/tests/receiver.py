"""A small HTTP server that receives webhooks as an application would, and can be told to refuse."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Delivery:
    """One request as it came."""

    body: bytes
    headers: dict[str, str]
    at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def event(self) -> str:
        return str(self.json["event"])

    @property
    def event_id(self) -> str:
        return self.headers["x-razorpay-event-id"]

    @property
    def signature(self) -> str:
        return self.headers["x-razorpay-signature"]


class Receiver:
    """Listens on a port of its own, or on a given one; `answers` are the statuses of the next deliveries, then 200.

    `hold_first`: the next delivery is kept waiting for so many seconds, and then gets no answer.
    """

    def __init__(self, port: int = 0) -> None:
        self.deliveries: list[Delivery] = []
        self.answers: list[int] = []
        self.hold_first = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.deliveries.append(Delivery(body, headers))
                hold, receiver.hold_first = receiver.hold_first, 0.0
                if hold:
                    time.sleep(hold)
                    self.close_connection = True
                    return
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def events(self) -> list[str]:
        return [delivery.event for delivery in self.deliveries]

    def of(self, event: str) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.event == event]

    def wait_for(self, event: str, times: int = 1, within: float = 8.0) -> list[Delivery]:
        """The deliveries of this event, once there are so many."""
        wait_until(lambda: len(self.of(event)) >= times, within, f"{times} of {event}")
        return self.of(event)


def wait_until(condition: Callable[[], Any], within: float = 8.0, what: str = "condition") -> Any:
    """The first true value of the condition."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come within {within} s")
