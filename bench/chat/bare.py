"""Side two: Starlette, Redis publish and subscribe, and the statement, with nothing else between them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import redis.asyncio as valkey
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bench.chat.storing import ADDRESS, SAY, VALKEY, frames, parameters, read

CHANNEL = "bench"
sockets: defaultdict[str, set[WebSocket]] = defaultdict(set)
pool = AsyncConnectionPool(ADDRESS, min_size=6, max_size=6, open=False, kwargs={"autocommit": True})
client = valkey.Redis.from_url(VALKEY)


@asynccontextmanager
async def running(application: Starlette) -> AsyncIterator[None]:
    await pool.open()
    hearing = asyncio.create_task(hear())
    yield
    hearing.cancel()
    await pool.close()


async def hear() -> None:
    """Hand on what comes over the channel."""
    async with client.pubsub(ignore_subscribe_messages=True) as ear:
        await ear.subscribe(CHANNEL)
        while True:
            message = await ear.get_message(timeout=60)
            if message is None:
                continue
            for user, frame in orjson.loads(message["data"]).items():
                for socket in list(sockets[user]):
                    await socket.send_text(frame)


async def serve(socket: WebSocket) -> None:
    """One client; who it is it says itself."""
    user = socket.query_params["user"]
    await socket.accept()
    sockets[user].add(socket)
    await socket.send_text('{"event":"AUTHENTICATED","data":{}}')
    try:
        while True:
            values, data = parameters(read(await socket.receive_text()), user)
            async with pool.connection() as connection:
                stored = await (await connection.execute(SAY, values)).fetchone()
            await client.publish(CHANNEL, orjson.dumps(frames(stored, data)))
    except WebSocketDisconnect:
        sockets[user].discard(socket)


application = Starlette(routes=[WebSocketRoute("/ws", serve)], lifespan=running)
