"""The hub's doorbell: what it rings goes out in order, together, and before the hub stops."""

import asyncio
from typing import Any

import redis

from khidma.kernel.ids import new_id
from khidma.realtime.doorbell import CHANNEL, Ring, decode
from khidma.realtime.hub import Hub
from khidma.realtime.line import Line


async def ignore(_what: object) -> None:
    """Nobody is at the other end."""


async def test_what_is_rung_at_once_goes_out_in_one_publish_even_if_the_last_line_leaves(
    valkey_connection: "redis.Redis",
) -> None:
    user = new_id()
    rings = [Ring("NOTIFICATION", {"number": number}, {user: number}) for number in range(1, 5)]
    hub = Hub()
    line = Line(send=ignore, close=ignore, on_tick=lambda at: None)
    connection: Any = valkey_connection
    with connection.pubsub(ignore_subscribe_messages=True) as ear:
        ear.subscribe(CHANNEL)
        ear.get_message(timeout=1)
        hub.join(line)
        assert await hub.hears()
        hub.ring(*rings[:2])
        hub.ring(rings[2])
        await asyncio.sleep(0)
        hub.ring(rings[3])
        await hub.leave(line)
        heard = [ear.get_message(timeout=1) for _ in range(2)]
    assert [decode(message["data"]) for message in heard] == [rings[:3], rings[3:]]


async def test_a_hub_that_has_stopped_rings_nothing_and_starts_again_with_the_next_line() -> None:
    hub = Hub()
    for _ in range(2):
        line = Line(send=ignore, close=ignore, on_tick=lambda at: None)
        hub.join(line)
        assert await hub.hears()
        await hub.leave(line)
    hub.ring(Ring("NOTIFICATION", {}))
    assert not hub.lines
