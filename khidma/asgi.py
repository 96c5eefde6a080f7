"""The ASGI application: HTTP to Django, `/ws` to messaging."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "khidma.settings")

http_application = get_asgi_application()

from messaging.routing import websocket_application  # noqa: E402 - needs the apps to be loaded

application = ProtocolTypeRouter({"http": http_application, "websocket": websocket_application})
