"""What a client's frames do: blocking work in a short transaction, which finds out anew each time what its user may."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.models import User
from accounts.tokens import Caller, read_access_token
from khidma.http.errors import AccountSuspended
from khidma.http.limits import hit
from khidma.kernel.clock import now
from khidma.realtime.database import in_database
from khidma.realtime.doorbell import Ring
from khidma.realtime.streams import Position, position_of
from messaging import selectors, services
from messaging.models import Conversation, ConversationKind
from messaging.services.announcing import message_data, read_data

MESSAGES, MESSAGES_SECONDS = 20, 10
LONGEST_PLAIN = 1_000
"""Characters that are searched for contact details on the event loop; every other socket waits meanwhile."""


@dataclass(frozen=True)
class Admission:
    """Who has come in, and how many seconds the token is good for."""

    caller: Caller
    seconds_left: float


@dataclass(frozen=True)
class Said:
    """What came of a frame: whether it is news, which the stream brings; else the data of its acknowledgement.

    `rings` are to be rung still.
    """

    is_new: bool
    data: dict[str, Any] = field(default_factory=dict)
    rings: Sequence[Ring] = ()


@dataclass(frozen=True)
class Typing:
    """Who should hear of somebody's typing, and what."""

    conversation_id: UUID
    data: dict[str, Any]
    others: tuple[UUID, ...]


def admit(token: str) -> Admission:
    """Who holds this token. :raises Unauthenticated: nobody."""
    caller = read_access_token(token)
    return Admission(caller, (caller.expires_at - now()).total_seconds())


def position(user: User) -> Position:
    """Where the user's stream stands."""
    return position_of(user.pk)


def find_chat(user: User, name: dict[str, UUID]) -> Conversation:
    """The conversation that the frame names. :raises NotFound: not the user's."""
    return services.reach_conversation(actor=user, **name)


async def say(user: User, body: dict[str, Any], message_id: UUID) -> Said:
    """Store a message. :raises TooMany, NotFound, AccountSuspended, BlockedBetween, Invalid:"""
    if settings.KHIDMA_LIMITS:
        await in_database(count_message, user)
    name = body.pop("name")
    if conversation_id := _plainly_named(name, body):
        rings = await services.say_plainly(
            conversation_id=conversation_id,
            sender=user,
            text=body["text"],
            client_message_id=body["client_message_id"],
            message_id=message_id,
        )
        if rings:
            return Said(is_new=True, rings=rings)
    return await in_database(_say_anything, user, name, body, message_id)


def count_message(user: User) -> None:
    """One more. :raises TooMany:"""
    hit("chat", str(user.pk), amount=MESSAGES, seconds=MESSAGES_SECONDS, fail_closed=False)


def _say_anything(user: User, name: dict[str, UUID], body: dict[str, Any], message_id: UUID) -> Said:
    conversation = find_chat(user, name)
    _require_active(user, conversation)
    message = services.send_message(conversation=conversation, sender=user, message_id=message_id, **body)
    is_new = message.pk == message_id
    return Said(is_new, {} if is_new else message_data(message, conversation, user.pk))


def _plainly_named(name: dict[str, UUID], body: dict[str, Any]) -> UUID | None:
    """The conversation's id, if it is all that the frame names, and no files and no long text come with it."""
    is_plain = len(name) == 1 and not body["attachments"] and len(body["text"]) <= LONGEST_PLAIN
    return name.get("conversation_id") if is_plain else None


def read(user: User, message_id: UUID) -> Said:
    """Mark everything up to and with a message as read. :raises NotFound, AccountSuspended:"""
    message = selectors.get_message_for(user, message_id)
    _require_active(user, message.conversation)
    reading = services.mark_read(conversation=message.conversation, reader=user, message=message)
    return Said(reading.is_new, read_data(message.conversation, message, user.pk, reading.at))


def type_in(user: User, name: dict[str, UUID]) -> Typing:
    """Somebody types, or stops. :raises NotFound, AccountSuspended, BlockedBetween:"""
    conversation = find_chat(user, name)
    _require_active(user, conversation)
    services.require_may_write(conversation=conversation)
    others = [party for party in selectors.participant_ids(conversation.pk) if party != user.pk]
    return Typing(conversation.pk, {**chat_name(conversation), "userId": str(user.pk)}, tuple(others))


def chat_name(conversation: Conversation) -> dict[str, str | None]:
    """Both names of a conversation, as `SUBSCRIBED` gives them."""
    order_id = conversation.order_id
    return {"orderId": str(order_id) if order_id else None, "conversationId": str(conversation.pk)}


def _require_active(user: User, conversation: Conversation) -> None:
    if user.is_suspended and conversation.kind != ConversationKind.SUPPORT:
        raise AccountSuspended
