"""The ASGI application: HTTP to Django, `/ws` to messaging."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "khidma.settings")

from channels.routing import ProtocolTypeRouter

from khidma.http.servers import asgi_application

http_application = asgi_application()

from messaging.routing import websocket_application  # noqa: E402 - needs the apps to be loaded

application = ProtocolTypeRouter({"http": http_application, "websocket": websocket_application})
