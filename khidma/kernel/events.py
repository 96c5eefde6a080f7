"""Events: facts in the past tense that go up through the outbox."""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID

from django.utils.module_loading import autodiscover_modules

from khidma.kernel.context import request_id
from khidma.kernel.models import OutboxDelivery, OutboxEvent

E = TypeVar("E", bound="Event")


@dataclasses.dataclass(frozen=True)
class Event:
    """Base of all events: a frozen dataclass of primitives, UUIDs and moments, named by its app and class."""

    @classmethod
    def name(cls) -> str:
        """Its stable name, such as `orders.OrderApproved`."""
        return f"{cls.__module__.split('.')[0]}.{cls.__name__}"

    def payload(self) -> dict[str, Any]:
        """Its fields as JSON holds them."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def restore(cls: type[E], payload: dict[str, Any]) -> E:
        """The event again, from its payload."""
        hints = get_type_hints(cls)
        return cls(
            **{
                field.name: _typed(hints[field.name], payload[field.name])
                for field in dataclasses.fields(cls)
                if field.name in payload
            }
        )


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _typed(hint: Any, value: Any) -> Any:
    arguments = [argument for argument in get_args(hint) if argument not in (NoneType, Ellipsis)]
    if isinstance(value, list):
        items = [_typed(arguments[0], item) for item in value]
        return tuple(items) if getattr(hint, "__origin__", None) is tuple else items
    if value is None:
        return None
    kind = arguments[0] if arguments else hint
    if kind is UUID:
        return UUID(value)
    return datetime.fromisoformat(value) if kind is datetime else value


@dataclasses.dataclass(frozen=True)
class Handler:
    """A reaction to one kind of event, under a stable name."""

    name: str
    event: type[Event]
    function: Callable[..., Any]
    outbound: bool


_handlers: dict[str, Handler] = {}
_by_event: dict[str, list[Handler]] = {}


def handles(event: type[E], *, outbound: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a reaction. It runs in one transaction with its receipt.

    An `outbound` one runs outside any transaction, at least once, and is given `event_id` for the other side.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        name = f"{function.__module__.split('.')[0]}.{function.__name__}:{event.name()}"
        if name in _handlers and _handlers[name].function is not function:
            raise ValueError(f"Two handlers are called {name}.")
        _handlers[name] = handler = Handler(name=name, event=event, function=function, outbound=outbound)
        _by_event.setdefault(event.name(), []).append(handler)
        return function

    return register


def handler_called(name: str) -> Handler | None:
    """The handler of this name, if the code still has one."""
    return _handlers.get(name)


def discover() -> None:
    """Import the handlers of every app."""
    autodiscover_modules("handlers")


def publish(*events: Event) -> None:
    """Announce facts in the caller's transaction: one row each, and one for each handler.

    Workers are woken after commit.
    """
    from khidma.kernel.outbox import wake_after_commit

    for event in events:
        row = OutboxEvent.objects.create(name=event.name(), payload=event.payload(), request_id=request_id.get())
        OutboxDelivery.objects.bulk_create(
            [OutboxDelivery(event=row, handler=handler.name) for handler in _by_event.get(event.name(), [])]
        )
    wake_after_commit()
