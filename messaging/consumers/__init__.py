"""The socket: one consumer per connection, and the way into it."""

from messaging.consumers.entrance import Entrance
from messaging.consumers.socket import ChatSocket

__all__ = ["ChatSocket", "Entrance"]
