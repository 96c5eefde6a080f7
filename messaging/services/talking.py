"""Saying something: one statement takes the conversation's lock, gives the next number, stores, and tells everybody."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from khidma.http.text import clean
from khidma.kernel.errors import Invalid
from khidma.kernel.ids import new_id
from khidma.media.selectors import names_of
from khidma.media.services import attach
from khidma.realtime import streams
from khidma.realtime.database import fetch
from khidma.realtime.doorbell import Ring
from messaging.masking import mask_contacts
from messaging.models import LONGEST_TEXT, Conversation, ConversationKind, Desk, Message, MessageKind
from messaging.selectors import get_said
from messaging.services.announcing import message_data, own_data
from messaging.services.asking import put_on_desk
from messaging.services.guarding import keep_original, mask_before_funding, require_may_write

_SAY = "SELECT * FROM messaging_say(%s::jsonb, %s::jsonb, %s::jsonb, %s, %s)"
_KNOWN_LATER = ("sequence", "created_at")
_COLUMNS = tuple(field.attname for field in Message._meta.concrete_fields if field.attname not in _KNOWN_LATER)


def send_message(
    *,
    conversation: Conversation,
    sender: User,
    text: str,
    attachments: Sequence[UUID] = (),
    client_message_id: str = "",
    message_id: UUID | None = None,
) -> Message:
    """Say something, once per `client_message_id`: sent again, the first message is the answer.

    The caller has found the conversation for the sender. `message_id` is the id that a new message shall have.
    Its kind is that of the first of its files, if it has any.
    :raises Invalid: nothing is said, the text is too long, or a file is not the sender's.
    :raises FileNotReady, FileInfected: a file may not be shown, yet or at all.
    :raises BlockedBetween: one of the two has blocked the other.
    :raises SupportDoesNotListen: an operator has closed this chat with support.
    """
    text = checked_text(text, attachments)
    masked = mask_before_funding(conversation, text, names_of(sender, attachments))
    message = Message(
        id=message_id or new_id(),
        conversation=conversation,
        sender=sender,
        text=masked.text,
        client_message_id=client_message_id,
        is_flagged=bool(masked.kinds),
        desk=Desk.ASKED if conversation.kind == ConversationKind.SUPPORT else Desk.NONE,
    )
    if not masked.kinds and message.desk == Desk.NONE and not attachments:
        return store(conversation, message, by=sender)
    with transaction.atomic():
        put_files(message, attachments, owner=sender)
        stored = store(conversation, message, by=sender)
        if stored is not message:
            put_files(message, (), owner=sender)  # it was said before, and holds them there
        if stored is message and masked.kinds:
            keep_original(message=message, sender=sender, text=text, kinds=masked.kinds)
        if stored is message and message.desk == Desk.ASKED:
            put_on_desk(conversation=conversation, message=message)
    return stored


async def say_plainly(
    *, conversation_id: UUID, sender: User, text: str, client_message_id: str = "", message_id: UUID
) -> list[Ring]:
    """The same as finding the conversation for the sender and `send_message`, in one statement on the event loop.

    Returns what tells everybody of it, for the caller to ring. No rings, and nothing done, where more has to be looked
    at: contact details, blocks, support, an order placed a moment ago, a text that cannot be said, or that was said
    before, a sender who is suspended or does not take part.
    """
    text = clean(text)
    if sender.is_suspended or not is_sayable(text) or mask_contacts(text).kinds:
        return []
    conversation = Conversation(id=conversation_id)
    message = Message(
        id=message_id, conversation=conversation, sender=sender, text=text, client_message_id=client_message_id
    )
    [said] = await fetch(_SAY, _values(conversation, message, heed_blocks=True, only_plain=True))
    if said["outcome"] != "stored":
        return []
    return streams.rings_of(**_news(conversation, message, said))


def post_system_message(*, conversation: Conversation, text: str) -> Message:
    """Say something in nobody's name, such as that the order changed."""
    return store(conversation, Message(conversation=conversation, kind=MessageKind.SYSTEM, text=text))


def put_files(message: Message, attachments: Sequence[UUID], *, owner: User) -> None:
    """Make these the files of a message that is about to be stored. :raises Invalid, FileNotReady, FileInfected:"""
    if not attachments and not message.new_files:
        return
    message.new_files = attach(owner=owner, thing="message", thing_id=message.pk, files=attachments)
    if message.new_files:
        message.kind = MessageKind(message.new_files[0].kind)


def checked_text(text: str, attachments: Sequence[UUID]) -> str:
    """The text as it is stored; files may speak for themselves. :raises Invalid: see `send_message`."""
    text = clean(text)
    if not text.strip() and not attachments:
        raise Invalid(details={"text": [_("Say something.")]})
    if len(text) > LONGEST_TEXT:
        raise Invalid(details={"text": [_("At most %(most)d characters.") % {"most": LONGEST_TEXT}]})
    return text


def is_sayable(text: str) -> bool:
    """Whether there is something in the text, and not too much."""
    return bool(text.strip()) and len(text) <= LONGEST_TEXT


def store(conversation: Conversation, message: Message, *, by: User | None = None) -> Message:
    """Give the message the next number, count it as unread for the others, and tell everybody, in one statement.

    The statement holds the conversation's lock until the transaction ends. `by` is whom blocks may silence.
    Returns what the same sender said before under the same `client_message_id`, if that was so.
    :raises BlockedBetween: see `require_may_write`.
    """
    said = _say(conversation, message, heed_blocks=by is not None and conversation.kind != ConversationKind.SUPPORT)
    if said["outcome"] == "blocked" and by is not None:
        require_may_write(conversation=conversation)
        said = _say(conversation, message, heed_blocks=False)
    return _tell(conversation, message, said)


def _tell(conversation: Conversation, message: Message, said: dict[str, Any]) -> Message:
    """The message with what is known of it now, told to everybody; or the one that was said before."""
    if said["outcome"] == "earlier":
        return get_said(said["id"])
    streams.ring_after_commit(**_news(conversation, message, said))
    return message


def _news(conversation: Conversation, message: Message, said: dict[str, Any]) -> dict[str, Any]:
    """What the doorbell says of a message that was stored; the message learns what is known of it now."""
    message.sequence, message.created_at, conversation.order_id = said["sequence"], said["created_at"], said["order_id"]
    message._state.adding, message._state.db = False, connection.alias
    return {
        "event": "CHAT_MESSAGE",
        "data": message_data(message, conversation),
        "numbers": dict(zip(said["users"], said["numbers"], strict=True)),
        "own": own_data(message),
    }


def _say(conversation: Conversation, message: Message, *, heed_blocks: bool) -> dict[str, Any]:
    """What `messaging_say` answers, by the names of its columns."""
    with connection.cursor() as cursor:
        cursor.execute(_SAY, _values(conversation, message, heed_blocks=heed_blocks))
        return dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))


def _values(conversation: Conversation, message: Message, *, heed_blocks: bool, only_plain: bool = False) -> list[Any]:
    """What `messaging_say` takes."""
    row = {name: getattr(message, name) for name in _COLUMNS}
    data = message_data(message, conversation)
    return [_json(row), _json(data), streams.as_own(own_data(message)), heed_blocks, only_plain]


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()
