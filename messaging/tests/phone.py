"""A client of the socket for tests: speaks to the application in this process, frame by frame."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asgiref.testing import ApplicationCommunicator

from accounts.models import User
from accounts.tests.factories import bearer
from khidma.realtime.database import in_database
from messaging.routing import websocket_application

PATIENCE = 3.0


class Phone:
    """One open socket."""

    def __init__(self, *, path: str = "/ws", application: Any = websocket_application, **handshake: Any) -> None:
        address, _, query = path.partition("?")
        scope = {
            "type": "websocket",
            "path": address,
            "query_string": query.encode(),
            "headers": [(b"host", b"testserver")],
            "subprotocols": [],
        }
        self.scope = scope | handshake
        communicator: Any = ApplicationCommunicator
        self.line = communicator(application, self.scope)
        self.closed_with: int | None = None
        self.accepted: dict[str, Any] = {}

    async def open(self) -> bool:
        """Shake hands; whether that was accepted."""
        await self.line.send_input({"type": "websocket.connect"})
        self.accepted = await self.line.receive_output(PATIENCE)
        return bool(self.accepted["type"] == "websocket.accept")

    async def send(self, event: str, ref: Any = None, **data: Any) -> None:
        """Send one frame; the data's names as they go over the wire."""
        frame = {"event": event, "data": data} | ({"ref": ref} if ref is not None else {})
        await self.send_text(json.dumps(frame, default=str))

    async def send_text(self, text: str) -> None:
        """Send what need not be a frame."""
        await self.line.send_input({"type": "websocket.receive", "text": text})

    async def hear(self, event: str | None = None, *, within: float = PATIENCE) -> dict[str, Any]:
        """The next frame, which must be of this event if one is named."""
        output = await self.line.receive_output(within)
        if output["type"] == "websocket.close":
            self.closed_with = output["code"]
            raise AssertionError(f"closed with {self.closed_with} while waiting for {event}")
        frame: dict[str, Any] = json.loads(output["text"])
        assert event in (None, frame["event"]), f"heard {frame} while waiting for {event}"
        return frame

    async def ask(self, event: str, answer: str, **data: Any) -> dict[str, Any]:
        """Send a frame and hear its answer."""
        await self.send(event, **data)
        return await self.hear(answer)

    async def hears_nothing(self, *, during: float = 0.3) -> bool:
        """Whether it stays silent for a while."""
        return bool(await self.line.receive_nothing(during))

    async def hear_close(self, *, within: float = PATIENCE) -> int:
        """The code with which the server closes; frames before it are passed over."""
        async with asyncio.timeout(within):
            while True:
                output = await self.line.receive_output(within)
                if output["type"] == "websocket.close":
                    self.closed_with = output["code"]
                    return self.closed_with

    async def log_in(self, user: User, token: str | None = None) -> dict[str, Any]:
        """Authenticate with the first frame; what the server answered."""
        token = token or await in_database(bearer, user)
        answer = await self.ask("AUTHENTICATE", "AUTHENTICATED", token=token)
        assert answer["data"]["userId"] == str(user.pk)
        return answer

    async def hang_up(self) -> None:
        """Close from the client's side, and wait until the server has cleaned up."""
        await self.line.send_input({"type": "websocket.disconnect", "code": self.closed_with or 1000})
        await self.line.wait(PATIENCE)


@asynccontextmanager
async def phone(user: User | None = None, **options: Any) -> AsyncIterator[Phone]:
    """An open socket, logged in if a user is given."""
    client = Phone(**options)
    assert await client.open()
    try:
        if user is not None:
            await client.log_in(user)
        yield client
    finally:
        await client.hang_up()
