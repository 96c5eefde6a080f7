"""Shapes of the desk of support on the wire."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import SerializerMethodField

from khidma.http.fields import Choice, Id, Integer, ListOf, Moment, Number, Text
from khidma.http.paging import PageQuery
from khidma.http.serializers import OneOf, Query, Serializer
from khidma.media.api.serializers import Attachments
from messaging.models import LONGEST_TEXT, Desk, Message, MessageKind, SupportChat, SupportStanding
from operations.selectors.messages import READ, ROLES, DeskFigures

STANDINGS = [standing.value for standing in SupportStanding]
MARKS = ["read", "unread"]
SENDERS = ["client", "provider", "operator", "system"]
MOST_ATTACHMENTS = 10


def role_of(user: Any) -> str | None:
    """Provider or client, as operators say; None for who has chosen neither yet."""
    if user.is_doer:
        return "provider"
    return "client" if user.is_client else None


class ContactSerializer(Serializer):
    """Somebody who has written to support."""

    id = Id(source="user_id")
    name = Text(source="user.name")
    phone = Text(source="user.phone", allow_null=True)
    role = SerializerMethodField()
    avatar = SerializerMethodField()
    last_message = SerializerMethodField()
    last_message_time = Moment(source="last_message_at", allow_null=True)
    unread_count = Integer()
    status = Choice(STANDINGS, source="standing")
    conversation_id = Id()

    @extend_schema_field({"type": ["string", "null"], "enum": [*ROLES, None]})
    def get_role(self, chat: SupportChat) -> str | None:
        return role_of(chat.user)

    def get_avatar(self, chat: SupportChat) -> str | None:
        return chat.user.avatar_url or None

    def get_last_message(self, chat: SupportChat) -> str | None:
        last = chat.conversation.last_message
        return last.text if last is not None and last.removed_at is None else None


class DeskMessageSerializer(Serializer):
    """One message of a chat with support. Khidma knows no `location` and no `contact` of a message: both are null."""

    id = Id()
    conversation_id = Id()
    sender_id = Id(allow_null=True)
    sender_name = SerializerMethodField()
    sender_type = SerializerMethodField()
    content = Text(source="text")
    type = Choice(MessageKind.values, source="kind")
    timestamp = Moment(source="created_at")
    status = SerializerMethodField()
    attachments = Attachments()
    location = SerializerMethodField()
    contact = SerializerMethodField()
    metadata = SerializerMethodField()

    def get_sender_name(self, message: Message) -> str | None:
        return message.sender.name if message.sender else None

    @extend_schema_field({"type": ["string", "null"], "enum": [*SENDERS, None]})
    def get_sender_type(self, message: Message) -> str | None:
        if message.sender is None:
            return "system"
        return "operator" if message.desk == Desk.ANSWERED else role_of(message.sender)

    @extend_schema_field({"type": "string", "enum": list(READ)})
    def get_status(self, message: Any) -> str:
        if message.desk == Desk.ASKED:
            return "read" if message.sequence <= message.desk_read else "unread"
        return "read" if message.sequence <= message.user_read else "sent"

    @extend_schema_field({"type": "null"})
    def get_location(self, message: Message) -> None:
        return None

    @extend_schema_field({"type": "null"})
    def get_contact(self, message: Message) -> None:
        return None

    @extend_schema_field(
        {
            "type": "object",
            "required": ["sequence", "flagged"],
            "properties": {"sequence": {"type": "integer"}, "flagged": {"type": "boolean"}},
        }
    )
    def get_metadata(self, message: Message) -> dict[str, Any]:
        return {"sequence": message.sequence, "flagged": message.is_flagged}


class DeskFiguresSerializer(Serializer):
    """How the desk does. `responseRate` in percent of the questions, `avgResponseTime` in minutes, both of the last
    seven days like the messages of clients and providers; null where nobody asked."""

    total_contacts = Integer()
    active_conversations = Integer()
    unread_messages = Integer()
    response_rate = Number(allow_null=True)
    avg_response_time = Number(allow_null=True)
    messages_sent_today = Integer()
    messages_received_today = Integer()
    client_messages = Integer()
    provider_messages = Integer()


class DeskView(OneOf):
    """Contacts, messages or figures."""

    shapes = {
        SupportChat: ContactSerializer,
        Message: DeskMessageSerializer,
        DeskFigures: DeskFiguresSerializer,
    }
    lists = frozenset({SupportChat, Message})


class DeskChange(OneOf):
    """The message or the contact as it is now."""

    shapes = {SupportChat: ContactSerializer, Message: DeskMessageSerializer}


class DeskQuery(PageQuery):
    """What to show; `status` is a contact's for contacts and a message's for messages."""

    type = Choice(["contacts", "messages", "stats"], required=False, default="contacts")
    search = Text(required=False, default="", min_length=2, max_length=100, single_line=True)
    role = Choice(list(ROLES), required=False, default="")
    status = Choice([*STANDINGS, *READ], required=False, default="")
    conversation_id = Id(required=False, default=None)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        allowed = {"contacts": STANDINGS, "messages": list(READ)}.get(values["type"], [])
        if values["status"] and values["status"] not in allowed:
            raise ValidationError({"status": [_("There is no such status here.")]})
        return values


class DeskBody(Serializer):
    """An answer of support."""

    conversation_id = Id()
    content = Text(max_length=LONGEST_TEXT, trim_whitespace=False)
    type = Choice([MessageKind.TEXT.value], required=False, default=MessageKind.TEXT.value)
    attachments = ListOf(Id(), required=False, default=list, max_length=MOST_ATTACHMENTS)


class DeskChangeBody(Serializer):
    """A message to be marked `read` or `unread`, or a contact to be `active`, `archived` or `blocked`."""

    message_id = Id(required=False)
    contact_id = Id(required=False)
    status = Choice([*MARKS, *STANDINGS])

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("message_id" in values) == ("contact_id" in values):
            raise ValidationError({"message_id": [_("Name a message or a contact.")]})
        if values["status"] not in (MARKS if "message_id" in values else STANDINGS):
            raise ValidationError({"status": [_("There is no such status here.")]})
        return values


class DeskRemovalQuery(Query):
    """What to take out of view."""

    message_id = Id(required=False)
    conversation_id = Id(required=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("message_id" in values) == ("conversation_id" in values):
            raise ValidationError({"message_id": [_("Name a message or a conversation.")]})
        return values
