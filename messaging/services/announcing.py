"""What goes to the streams of those who take part, in the shapes of the socket's contract."""

from datetime import datetime
from typing import Any
from uuid import UUID

from khidma.http.fields import milliseconds
from khidma.kernel.clock import now
from khidma.media.addresses import signed_address
from khidma.media.api.serializers import show_files
from khidma.realtime import streams
from messaging import selectors
from messaging.masking import MASKED_WARNING, mask_name
from messaging.models import Conversation, Message


def message_data(message: Message, conversation: Conversation, reader_id: UUID | None = None) -> dict[str, Any]:
    """The data of `CHAT_MESSAGE`; of a message that is not stored yet, without what only the database knows.

    What the sender alone is told (see `own_data`) stands in it if that is the reader.
    """
    data: dict[str, Any] = {
        "messageId": str(message.pk),
        "conversationId": str(conversation.pk),
        "kind": message.kind,
        "senderId": _text(message.shown_sender_id),
        "text": message.text,
        "attachments": shown_files(message),
    }
    if not message._state.adding:
        data["orderId"] = _text(conversation.order_id)
        data["sequence"] = message.sequence
        data["createdAt"] = milliseconds(message.created_at)
    if message.client_message_id:
        data["clientMessageId"] = message.client_message_id
    if message.is_flagged:
        data["flagged"] = True
    return data | (own_data(message).get(reader_id, {}) if reader_id else {})


def shown_files(message: Message) -> list[dict[str, Any]]:
    """Its files on the wire; of a message in which contact details were masked, they are masked in the names too."""
    files = show_files(getattr(message, "files", message.new_files))
    return [{**file, "name": mask_name(file["name"]).text} for file in files] if message.is_flagged else files


def with_good_addresses(data: dict[str, Any]) -> dict[str, Any]:
    """A `CHAT_MESSAGE` that is read again: the addresses of its files are good from now on. Whether there is something
    to download is looked at there."""
    files = [{**file, "url": signed_address(file["id"], at=now())} for file in data.get("attachments", ())]
    return {**data, "attachments": files} if files else data


def own_data(message: Message) -> dict[UUID, dict[str, Any]]:
    """What single users alone are told besides: the sender, that contact details were masked."""
    return {message.sender_id: {"warning": str(MASKED_WARNING)}} if message.is_flagged and message.sender_id else {}


def read_data(conversation: Conversation, message: Message, reader_id: UUID, at: datetime) -> dict[str, Any]:
    """The data of `MESSAGE_READ`."""
    return {
        "conversationId": str(conversation.pk),
        "orderId": _text(conversation.order_id),
        "messageId": str(message.pk),
        "readerId": str(reader_id),
        "readAt": milliseconds(at),
    }


def announce_read(*, conversation: Conversation, message: Message, reader_id: UUID, at: datetime) -> None:
    """Tell everybody how far one has read, that one's other devices too."""
    everybody = selectors.participant_ids(conversation.pk)
    streams.push(user_ids=everybody, event="MESSAGE_READ", data=read_data(conversation, message, reader_id, at))


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
