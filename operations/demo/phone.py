"""One person's phone: logs in by SMS, speaks the REST API, and keeps a socket open."""

import asyncio
import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from khidma.kernel.ids import new_id

CODE = re.compile(r"\b\d{6}\b")
PATIENCE = 100.0
"""Seconds to wait for what the server does by itself: its sweeps look again after thirty seconds, then after sixty."""
PAUSE = 0.25
ATTEMPTS = 9
AWAY = {502, 503}


class DemoFailed(Exception):
    """Something did not go as the contract says."""


class Phone:
    """A client program with one user's tokens."""

    def __init__(self, base_url: str, number: str) -> None:
        self.base_url = base_url
        self.number = number
        self.user: dict[str, Any] = {}
        self.refresh_token = ""
        self._http = httpx.AsyncClient(base_url=base_url, timeout=15, trust_env=False)
        self._socket: ClientConnection | None = None
        self._heard: list[dict[str, Any]] = []
        self._seq: int | None = None

    async def close(self) -> None:
        """Hang up."""
        if self._socket:
            await self._socket.close()
        await self._http.aclose()

    async def call(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        """One request, repeated with its key while the server is away. :raises DemoFailed: not the status expected."""
        headers = {} if method == "GET" else {"Idempotency-Key": str(new_id())}
        response = await self._patiently(method, path, body, headers)
        if response.status_code != expect:
            raise DemoFailed(f"{method} {path} answered {response.status_code}, not {expect}: {response.text[:500]}")
        answer = response.json()
        return answer.get("data", answer)

    async def _patiently(self, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        began = time.monotonic()
        while True:
            is_late = time.monotonic() - began > PATIENCE
            try:
                response = await self._http.request(method, path, json=body, headers=headers)
                if response.status_code not in AWAY or is_late:
                    return response
            except httpx.TransportError:
                if is_late:
                    raise
            await asyncio.sleep(PAUSE)

    async def log_in(self) -> None:
        """Ask for a code, read it where it would have been sent, and hand it in."""
        await self.call("POST", "/api/auth/send-otp", {"phone": self.number})
        box = await self._http.get("/dev/outbox.json", params={"to": self.number, "limit": 1})
        found = CODE.search(box.json()["data"][0]["body"])
        if not found:
            raise DemoFailed("The outbox has no code.")
        answer = await self.call("POST", "/api/auth/verify-otp", {"phone": self.number, "otp": found.group()})
        self.user, self.refresh_token = answer["user"], answer["refreshToken"]
        self._http.headers["Authorization"] = f"Bearer {answer['token']}"

    async def connect(self) -> int:
        """Open the socket and say who we are; after a cut, ask for what was missed. The newest number of the stream."""
        address = urlsplit(self.base_url)
        scheme = "wss" if address.scheme == "https" else "ws"
        self._socket = await connect(f"{scheme}://{address.netloc}/ws", proxy=None)
        token = self._http.headers["Authorization"].removeprefix("Bearer ")
        await self._socket.send(json.dumps({"event": "AUTHENTICATE", "data": {"token": token}}))
        answer = json.loads(await self._socket.recv())
        if answer["event"] != "AUTHENTICATED":
            raise DemoFailed(f"The socket answered {answer}.")
        if self._seq is not None:
            await self._socket.send(json.dumps({"event": "RESUME", "data": {"lastSeq": self._seq}}))
        else:
            self._seq = answer["data"]["seq"]
        return int(answer["data"]["seq"])

    async def _reconnect(self) -> int:
        while True:
            try:
                return await self.connect()
            except (OSError, WebSocketException):
                await asyncio.sleep(PAUSE)

    def cut(self) -> None:
        """End the connection as a tunnel would: without a word to the server."""
        self._open_socket.transport.abort()

    async def resume(self) -> list[dict[str, Any]]:
        """Come back after a cut; what the stream brought meanwhile, oldest first.

        :raises DemoFailed: an event was left out, came twice, or came before an older one.
        """
        last = self._seq or 0
        try:
            async with asyncio.timeout(PATIENCE):
                newest, frames = await self._catch_up()
        except TimeoutError as error:
            raise DemoFailed(f"What was missed did not come within {PATIENCE:.0f} s.") from error
        missed = [frame for frame in frames if frame.get("seq", newest + 1) <= newest]
        if (numbers := [frame["seq"] for frame in missed]) != list(range(last + 1, newest + 1)):
            raise DemoFailed(f"After a cut at {last} of {newest} the stream brought {numbers}.")
        self._heard += frames
        self._seq = max([newest, *(frame["seq"] for frame in frames if "seq" in frame)])
        return missed

    async def _catch_up(self) -> tuple[int, list[dict[str, Any]]]:
        """The newest number at the return, and each frame as it comes, until nothing of the past can follow."""
        while True:
            frames: list[dict[str, Any]] = []
            newest, ref = await self._reconnect(), str(new_id())
            try:
                while newest not in (self._seq, *(frame.get("seq") for frame in frames)):
                    frames.append(json.loads(await self._open_socket.recv()))
                await self._open_socket.send(json.dumps({"event": "PING", "data": {}, "ref": ref}))
                while (frame := json.loads(await self._open_socket.recv())).get("ref") != ref:
                    frames.append(frame)
            except WebSocketException:
                continue
            return newest, frames

    async def send(self, event: str, data: dict[str, Any], ref: str | None = None) -> None:
        """One frame to the server; over a new socket if the old one is gone."""
        frame = json.dumps({"event": event, "data": data} | ({"ref": ref} if ref else {}))
        try:
            await self._open_socket.send(frame)
        except WebSocketException:
            await self._reconnect()
            await self._open_socket.send(frame)

    @property
    def _open_socket(self) -> ClientConnection:
        if self._socket is None:
            raise DemoFailed("The socket is not open.")
        return self._socket

    async def _next_frame(self) -> dict[str, Any]:
        """The next frame, once: what comes again after a resume is passed over."""
        while True:
            try:
                frame: dict[str, Any] = json.loads(await self._open_socket.recv())
            except WebSocketException:
                await self._reconnect()
                continue
            if "seq" not in frame:
                return frame
            if self._seq is None or frame["seq"] > self._seq:
                self._seq = frame["seq"]
                return frame

    async def hear(self, event: str, patience: float = PATIENCE, **wanted: Any) -> dict[str, Any]:
        """Wait for a frame of this kind with these fields. :raises DemoFailed: it did not come in time."""

        def fits(frame: dict[str, Any]) -> bool:
            data = frame.get("data", {})
            return frame["event"] == event and all(data.get(name) == value for name, value in wanted.items())

        try:
            async with asyncio.timeout(patience):
                while True:
                    for index, frame in enumerate(self._heard):
                        if fits(frame):
                            found: dict[str, Any] = self._heard.pop(index)["data"]
                            return found
                    self._heard.append(await self._next_frame())
        except TimeoutError as error:
            heard = [frame["event"] for frame in self._heard]
            raise DemoFailed(f"No {event} {wanted} within {patience:.0f} s; heard {heard}.") from error

    async def write(self, order_id: str, text: str) -> dict[str, Any]:
        """Send a chat message until the server acknowledges it; the same mark makes it one message."""
        mark = str(new_id())
        for _ in range(ATTEMPTS):
            await self.send("CHAT_MESSAGE", {"orderId": order_id, "text": text, "clientMessageId": mark}, ref=mark)
            try:
                return await self.hear("CHAT_MESSAGE", patience=PATIENCE / ATTEMPTS, clientMessageId=mark)
            except DemoFailed:
                continue
        raise DemoFailed("The message was never acknowledged.")

    async def until(self, path: str, **wanted: Any) -> Any:
        """Ask again and again until the answer has these fields. :raises DemoFailed: it never did."""
        answer: Any = None
        for _ in range(int(PATIENCE / PAUSE)):
            answer = await self.call("GET", path)
            if all(answer.get(name) == value for name, value in wanted.items()):
                return answer
            await asyncio.sleep(PAUSE)
        shown = {name: answer.get(name) for name in wanted}
        raise DemoFailed(f"{path} is {shown}, not {wanted}, after {PATIENCE:.0f} s.")
