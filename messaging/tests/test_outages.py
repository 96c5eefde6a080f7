"""The socket when what it stands on goes away: Valkey for a moment, Valkey for longer, the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings as django_settings
from psycopg import sql

from accounts.tests.factories import bearer, make_client
from deploy.local import postgres, pytest_worker
from khidma.realtime import streams
from khidma.realtime.database import in_database
from messaging.tests.phone import phone

pytestmark = pytest.mark.usefixtures("committed_db")


class Cable:
    """A connection to Valkey that can be pulled and put back."""

    def __init__(self, url: str) -> None:
        self.target = urlsplit(url)
        self.server: asyncio.Server | None = None
        self.port = 0
        self.open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        user, at, _host = self.target.netloc.rpartition("@")
        return f"redis://{user}{at}127.0.0.1:{self.port}{self.target.path}"

    async def put_in(self) -> None:
        self.server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def pull(self) -> None:
        assert self.server is not None
        self.server.close()
        for writer in list(self.open):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self.target.hostname, self.target.port)
        self.open |= {writer, far_writer}
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer), return_exceptions=True)
        self.open -= {writer, far_writer}
        far_writer.transport.abort()
        writer.transport.abort()

    @staticmethod
    async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while part := await source.read(65_536):
            sink.write(part)
            await sink.drain()
        sink.close()


@asynccontextmanager
async def cable(settings: Any) -> AsyncIterator[Cable]:
    between = Cable(django_settings.REDIS_URL)
    await between.put_in()
    settings.REDIS_URL = between.url
    try:
        yield between
    finally:
        await between.pull()


async def push(user_id: Any, number: int) -> None:
    await in_database(streams.push, user_ids=[user_id], event="NOTIFICATION", data={"number": number})


async def test_a_short_loss_of_the_doorbell_loses_no_event(valkey_connection: "redis.Redis") -> None:
    user = await in_database(make_client)
    async with phone(user) as hers:
        await push(user.pk, 1)
        await hers.hear("NOTIFICATION")
        valkey_connection.client_kill_filter(_type="pubsub")
        for number in (2, 3):
            await push(user.pk, number)
        heard = [await hers.hear("NOTIFICATION"), await hers.hear("NOTIFICATION")]
        assert [frame["data"]["number"] for frame in heard] == [2, 3]
        await asyncio.sleep(1)
        await push(user.pk, 4)
        assert (await hers.hear("NOTIFICATION"))["seq"] == 4


async def test_a_long_loss_closes_with_1013_and_clients_resume_when_it_is_back(settings: Any) -> None:
    user = await in_database(make_client)
    async with cable(settings) as between:
        async with phone(user) as hers:
            await between.pull()
            await push(user.pk, 1)
            assert await hers.hear_close(within=6.0) == 1013
        await between.put_in()
        async with phone(user) as hers:
            await hers.send("RESUME", lastSeq=0)
            assert (await hers.hear("NOTIFICATION"))["data"] == {"number": 1}


async def test_a_quiet_doorbell_stays_in_use() -> None:
    user = await in_database(make_client)
    async with phone(user) as hers:
        await asyncio.sleep(6.5)
        await push(user.pk, 1)
        await hers.hear("NOTIFICATION", within=0.5)


async def test_without_the_database_sockets_are_closed_with_1012() -> None:
    user = await in_database(make_client)
    token = await in_database(bearer, user)
    async with phone(user) as hers:
        with postgres.connect(pytest_worker.VALUES) as connection:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(pytest_worker.DATABASE))
            connection.execute(drop)
        error = await hers.ask("CHAT_MESSAGE", "ERROR", conversationId=user.pk, text="Hello?")
        assert error["data"]["code"] == "service_unavailable"
        assert await hers.hear_close(within=8.0) == 1012
    async with phone() as hers:
        await hers.send("AUTHENTICATE", token=token)
        assert (await hers.hear("ERROR"))["data"]["code"] == "service_unavailable"
        assert await hers.hear_close() == 1012
