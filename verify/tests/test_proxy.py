"""The proxy fails in each of its ways, and is whole again afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from verify.proxy import Fault, Link

ANSWER = b"0123456789" * 10


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    """A link to a server that answers every line with a hundred bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    found = Link("test", server.sockets[0].getsockname()[1])
    await found.open()
    yield found
    await found.close()
    server.close()


async def ask(link: Link) -> bytes:
    """What comes back, until the answer is whole or the connection is gone."""
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    heard = b""
    try:
        writer.write(b"?\n")
        while len(heard) < len(ANSWER) and (more := await reader.read(len(ANSWER))):
            heard += more
    except ConnectionError:
        pass
    finally:
        writer.close()
    return heard


async def under(link: Link, fault: Fault, seconds: float = 0.3) -> tuple[bytes, float]:
    """What is heard while the link fails like this, and after how long."""
    failing = asyncio.create_task(link.fail(fault, seconds))
    await asyncio.sleep(0.05)
    began = time.monotonic()
    heard = await ask(link)
    took = time.monotonic() - began
    await failing
    return heard, took


async def test_a_whole_link_carries_everything(link: Link) -> None:
    assert await ask(link) == ANSWER


async def test_a_dropping_link_carries_nothing_and_then_hangs_up(link: Link) -> None:
    heard, took = await under(link, Fault.DROP)
    assert (heard, took > 0.2) == (b"", True)
    assert await ask(link) == ANSWER


async def test_a_reset_link_refuses(link: Link) -> None:
    heard, took = await under(link, Fault.RESET)
    assert (heard, took < 0.2) == (b"", True)
    assert await ask(link) == ANSWER


async def test_a_stalled_link_carries_everything_later(link: Link) -> None:
    heard, took = await under(link, Fault.STALL)
    assert (heard, took > 0.2) == (ANSWER, True)


async def test_a_cut_link_ends_in_the_middle_of_an_answer(link: Link) -> None:
    heard, _ = await under(link, Fault.CUT)
    assert 0 < len(heard) < len(ANSWER)
    assert await ask(link) == ANSWER
