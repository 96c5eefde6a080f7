"""How a person is told of something: the ids that the app opens, and the channels it goes out by."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from gigs.events import ApplicationEvent
from notifications import services
from notifications.sentences import Said
from orders.events import MilestoneEvent, OrderEvent

EVERYWHERE = ("sms", "email", "push")
SCREEN = ("push",)
Body = Said | Sequence[Said]


def tell(
    user_id: UUID, kind: str, title: Said, body: Body, address: str, channels: Iterable[str] = SCREEN, **ids: Any
) -> None:
    """Tell one person; `address` is where the app goes when they tap on it, `ids` what it opens (camelCase)."""
    data = {name: str(value) for name, value in ids.items()}
    services.tell(user_id=user_id, kind=kind, title=title, body=body, data=data, action_url=address, channels=channels)


def tell_of_application(
    event: ApplicationEvent, user_id: UUID, kind: str, title: Said, body: Body, channels: Iterable[str] = SCREEN
) -> None:
    """Tell one person of an application."""
    tell(
        user_id,
        kind,
        title,
        body,
        f"/applications/{event.application_id}",
        channels,
        applicationId=event.application_id,
        gigId=event.gig_id,
    )


def tell_of_order(
    event: OrderEvent, user_id: UUID, kind: str, title: Said, body: Body, channels: Iterable[str] = SCREEN
) -> None:
    """Tell one person of an order."""
    tell(user_id, kind, title, body, f"/orders/{event.order_id}", channels, orderId=event.order_id, gigId=event.gig_id)


def names(event: MilestoneEvent) -> dict[str, str]:
    """What sentences about a milestone name."""
    return {"milestone": event.milestone_title, "title": event.title}
