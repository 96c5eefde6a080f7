"""A line's way out: whoever reads nothing costs little, and gets everything once it reads again."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import orjson
import pytest

from khidma.kernel.ids import new_id
from khidma.realtime import streams
from khidma.realtime.database import in_database
from khidma.realtime.line import MOST_WAITING, TOO_SLOW, Frame, Line

EVENTS = 150
PAD = 8_000

pytestmark = pytest.mark.usefixtures("committed_db")


class Client:
    """Reads nothing until told to."""

    def __init__(self, user_id: UUID) -> None:
        self.user_id = user_id
        self.reads = asyncio.Event()
        self.is_stuck = asyncio.Event()
        self.heard: list[dict[str, Any]] = []
        self.closed_with: int | None = None
        self.line = Line(send=self._send, close=self._close, on_tick=lambda at: None)
        self.line.start(user_id=user_id, seq=0)
        self.line.release()

    async def _send(self, text: str) -> None:
        self.is_stuck.set()
        await self.reads.wait()
        self.heard.append(orjson.loads(text))

    async def _close(self, code: int) -> None:
        self.closed_with = code

    async def hears(self, count: int) -> None:
        while len(self.heard) < count:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def clients(count: int) -> AsyncIterator[list[Client]]:
    """So many, each a user of its own, whose lines have found that their streams are empty."""
    made = [Client(new_id()) for _ in range(count)]
    running = [asyncio.create_task(client.line.run()) for client in made]
    await asyncio.sleep(1)
    try:
        yield made
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def by_table(client: Client) -> None:
    """All events are in the table, and the look has seen it twice."""
    for _ in range(2):
        client.line.hear_of(EVENTS)


def by_doorbell(client: Client) -> None:
    """Each event comes by the doorbell."""
    for seq in range(1, EVENTS + 1):
        client.line.offer(Frame("NOTIFICATION", {"number": seq, "pad": f"{seq:08}" * (PAD // 8)}, seq))


def push(users: list[UUID]) -> None:
    for number in range(1, EVENTS + 1):
        streams.push(user_ids=users, event="NOTIFICATION", data={"number": number, "pad": "x" * PAD})


@pytest.mark.parametrize("way", [by_table, by_doorbell])
async def test_a_client_that_reads_nothing_keeps_little_in_memory_and_gets_all_when_it_reads(way: Any) -> None:
    async with clients(20) as deaf:
        await in_database(push, [client.user_id for client in deaf])
        tracemalloc.start()
        try:
            for client in deaf:
                way(client)
            async with asyncio.timeout(20):
                await asyncio.gather(*(client.is_stuck.wait() for client in deaf))
            kept, _peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert kept / len(deaf) < 200_000  # of 1 200 000
        for client in deaf:
            client.reads.set()
        async with asyncio.timeout(20):
            await asyncio.gather(*(client.hears(EVENTS) for client in deaf))
        for client in deaf:
            assert [frame["seq"] for frame in client.heard] == list(range(1, EVENTS + 1))
            assert client.closed_with is None


async def test_a_client_that_leaves_too_much_waiting_is_closed_wherever_it_waits() -> None:
    async with clients(1) as (deaf,):
        for seq in range(1, MOST_WAITING + 1):
            deaf.line.offer(Frame("NOTIFICATION", {"number": seq, "pad": "x" * PAD}, seq))
            assert deaf.line.closed_with is None
        deaf.line.offer(Frame("NOTIFICATION", {}, MOST_WAITING + 1))
        assert deaf.line.closed_with == TOO_SLOW
