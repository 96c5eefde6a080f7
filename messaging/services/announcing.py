"""What goes to the streams of those who take part, in the shapes of the socket's contract."""

from datetime import datetime
from typing import Any
from uuid import UUID

from khidma.http.fields import milliseconds
from khidma.realtime import streams
from messaging import selectors
from messaging.masking import MASKED_WARNING
from messaging.models import Conversation, Message


def message_data(message: Message, conversation: Conversation, reader_id: UUID | None = None) -> dict[str, Any]:
    """The data of `CHAT_MESSAGE`; a warning is for the sender as the reader only."""
    data: dict[str, Any] = {
        "messageId": str(message.pk),
        "orderId": _text(conversation.order_id),
        "conversationId": str(conversation.pk),
        "sequence": message.sequence,
        "kind": message.kind,
        "senderId": _text(message.shown_sender_id),
        "text": message.text,
        "attachments": [],
        "createdAt": milliseconds(message.created_at),
    }
    if message.client_message_id:
        data["clientMessageId"] = message.client_message_id
    if message.is_flagged:
        data["flagged"] = True
        if reader_id == message.sender_id:
            data["warning"] = str(MASKED_WARNING)
    return data


def read_data(conversation: Conversation, message: Message, reader_id: UUID, at: datetime) -> dict[str, Any]:
    """The data of `MESSAGE_READ`."""
    return {
        "conversationId": str(conversation.pk),
        "orderId": _text(conversation.order_id),
        "messageId": str(message.pk),
        "readerId": str(reader_id),
        "readAt": milliseconds(at),
    }


def announce_message(*, message: Message, conversation: Conversation) -> None:
    """Tell everybody who takes part, the sender too: that is the acknowledgement.

    A flagged message is another one for its sender, so each is told apart, in the order of `streams.push`.
    """
    everybody = selectors.participant_ids(conversation.pk)
    if not message.is_flagged:
        streams.push(user_ids=everybody, event="CHAT_MESSAGE", data=message_data(message, conversation))
        return
    for reader_id in sorted(everybody):
        data = message_data(message, conversation, reader_id)
        streams.push(user_ids=[reader_id], event="CHAT_MESSAGE", data=data)


def announce_read(*, conversation: Conversation, message: Message, reader_id: UUID, at: datetime) -> None:
    """Tell everybody how far one has read, that one's other devices too."""
    everybody = selectors.participant_ids(conversation.pk)
    streams.push(user_ids=everybody, event="MESSAGE_READ", data=read_data(conversation, message, reader_id, at))


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
