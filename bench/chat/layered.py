"""Side three: Channels with its core Redis layer, a group for each user, the statement through Django's connection."""

from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.db import connection

from bench.chat.storing import SAY, VALKEY, frames, parameters, read
from khidma.http.servers import asgi_application

asgi_application()  # sets Django up
settings.DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}
settings.CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [{"address": VALKEY, "socket_timeout": None}], "capacity": 10_000},
    }
}


@database_sync_to_async  # type: ignore[untyped-decorator]
def store(values: list[str]) -> Any:
    """The statement, on a thread, as Channels' documents do it."""
    with connection.cursor() as cursor:
        cursor.execute(SAY, values)
        return cursor.fetchone()


class Chat(AsyncWebsocketConsumer):
    """One client; who it is it says itself."""

    async def connect(self) -> None:
        self.user = parse_qs(self.scope["query_string"].decode())["user"][0]
        await self.channel_layer.group_add(self.user.replace("-", ""), self.channel_name)
        await self.accept()
        await self.send('{"event":"AUTHENTICATED","data":{}}')

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.user.replace("-", ""), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        values, data = parameters(read(text_data or ""), self.user)
        for user, frame in frames(await store(values), data).items():
            await self.channel_layer.group_send(user.replace("-", ""), {"type": "chat.frame", "text": frame})

    async def chat_frame(self, event: dict[str, Any]) -> None:
        await self.send(event["text"])


application = ProtocolTypeRouter({"websocket": Chat.as_asgi()})
