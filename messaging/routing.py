"""Where the socket is: `/ws`, and nothing else that is no HTTP."""

from channels.routing import URLRouter
from django.urls import re_path

from messaging.consumers import ChatSocket, Entrance
from messaging.consumers.entrance import refuse

websocket_urlpatterns = [re_path(r"^ws/?$", ChatSocket.serve), re_path(r"", refuse)]  # type: ignore[arg-type]
websocket_application = Entrance(URLRouter(websocket_urlpatterns))
