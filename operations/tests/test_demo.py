"""The demo's phone judges a resume after a cut: whoever loses, doubles or turns around events is told so."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from operations.demo.phone import DemoFailed, Phone

LAST, NEWEST = 3, 6


class Server:
    """Speaks the socket's protocol to one phone, and answers `RESUME` with the numbers that it was given."""

    def __init__(self, brings: Sequence[int], live: Sequence[int] = ()) -> None:
        self.brings, self.live = brings, live
        self.was_cut: list[bool] = []
        self.resumed_after: list[int] = []

    async def serve(self, line: ServerConnection) -> None:
        is_first = not self.was_cut
        newest = LAST if is_first else NEWEST
        try:
            async for text in line:
                frame = json.loads(text)
                if frame["event"] == "AUTHENTICATE":
                    await line.send(json.dumps({"event": "AUTHENTICATED", "data": {"userId": "u", "seq": newest}}))
                elif frame["event"] == "RESUME":
                    self.resumed_after.append(frame["data"]["lastSeq"])
                    for seq in (*self.brings, *self.live):
                        await line.send(json.dumps({"event": "CHAT_MESSAGE", "data": {"n": seq}, "seq": seq}))
                else:
                    await line.send(json.dumps({"event": "PONG", "data": {}, "ref": frame["ref"]}))
        except ConnectionClosed as closed:
            self.was_cut.append(closed.rcvd is None)


@asynccontextmanager
async def cut_phone(server: Server) -> AsyncIterator[Phone]:
    """A phone that had heard everything up to LAST when its line broke."""
    async with serve(server.serve, "127.0.0.1", 0) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        phone = Phone(f"http://127.0.0.1:{port}", "+919000000001")
        phone._http.headers["Authorization"] = "Bearer token"
        try:
            await phone.connect()
            phone.cut()
            async with asyncio.timeout(5):
                while not server.was_cut:
                    await asyncio.sleep(0.01)
            yield phone
        finally:
            await phone.close()


async def test_a_resume_brings_each_missed_event_once_and_keeps_them_to_be_heard() -> None:
    server = Server(brings=[4, 5, 6], live=[7])
    async with cut_phone(server) as phone:
        missed = await phone.resume()
        assert [frame["seq"] for frame in missed] == [4, 5, 6]
        assert [(await phone.hear("CHAT_MESSAGE", patience=1))["n"] for _ in range(4)] == [4, 5, 6, 7]
    assert server.resumed_after == [LAST]
    assert server.was_cut[0], "the phone said good-bye, so that nothing was cut"


@pytest.mark.parametrize(
    "brings",
    [[4, 6], [4, 5, 5, 6], [4, 5, 6, 6], [5, 4, 6], [3, 4, 5, 6]],
    ids=["one is lost", "one comes twice", "the last comes twice", "out of order", "one was heard before"],
)
async def test_a_resume_that_is_not_exact_fails_the_demo(brings: list[int]) -> None:
    async with cut_phone(Server(brings)) as phone:
        with pytest.raises(DemoFailed, match="the stream brought"):
            await phone.resume()
