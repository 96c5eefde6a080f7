"""What belongs to the request or task at hand: its id, from where it came, and the event that is being handled."""

from contextvars import ContextVar
from uuid import UUID

request_id: ContextVar[str] = ContextVar("request_id", default="")
client_address: ContextVar[str | None] = ContextVar("client_address", default=None)
event_id: ContextVar[UUID | None] = ContextVar("event_id", default=None)
