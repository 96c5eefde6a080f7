"""The shapes of conversations and messages on the wire."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.serializers import PublicUserSerializer
from khidma.http.fields import Choice, Flag, Id, Integer, ListOf, Moment, Text, milliseconds
from khidma.http.serializers import ModelSerializer, Query, Serializer
from khidma.media.api.serializers import AttachmentSerializer
from messaging.masking import MASKED_WARNING
from messaging.models import LONGEST_TEXT, Conversation, Message, MessageKind
from messaging.services.announcing import shown_files

MOST_ATTACHMENTS = 10


class ReaderSerializer(Serializer):
    """Who has read a message, and when."""

    user_id = Id()
    read_at = Moment()


class MessageSerializer(ModelSerializer):
    """One message; the numbers of a conversation have no gaps.

    The system and support have no `senderId`. `flagged`: contact details were masked; `warning` is for the sender only.
    """

    conversation_id = Id()
    order_id = serializers.SerializerMethodField()
    sender_id = Id(source="shown_sender_id", allow_null=True)
    kind = Choice(choices=MessageKind.choices)
    attachments = serializers.SerializerMethodField()
    client_message_id = serializers.SerializerMethodField()
    read_by = serializers.SerializerMethodField()
    flagged = Flag(source="is_flagged")
    warning = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = (
            "id",
            "conversation_id",
            "order_id",
            "sequence",
            "sender_id",
            "kind",
            "text",
            "attachments",
            "client_message_id",
            "read_by",
            "flagged",
            "warning",
            "created_at",
        )

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_order_id(self, message: Message) -> str | None:
        order_id = message.conversation.order_id
        return str(order_id) if order_id else None

    @extend_schema_field(AttachmentSerializer(many=True))
    def get_attachments(self, message: Message) -> list[dict[str, Any]]:
        return shown_files(message)

    def get_client_message_id(self, message: Message) -> str | None:
        return message.client_message_id or None

    def get_warning(self, message: Message) -> str | None:
        request = self.context.get("request")
        is_sender = request is not None and message.sender_id == request.user.pk
        return str(MASKED_WARNING) if message.is_flagged and is_sender else None

    @extend_schema_field(ReaderSerializer(many=True))
    def get_read_by(self, message: Message) -> list[dict[str, Any]]:
        read_by: list[dict[str, Any]] = getattr(message, "read_by", [])
        return [entry for entry in read_by if entry["userId"] != str(message.sender_id)]


class ConversationSerializer(ModelSerializer):
    """One conversation, as the caller sees it."""

    order_id = Id(allow_null=True)
    application_id = Id(allow_null=True)
    parties = serializers.SerializerMethodField()
    last_message = serializers.SerializerMethodField()
    unread_count = Integer()

    class Meta:
        model = Conversation
        fields = (
            "id",
            "kind",
            "order_id",
            "application_id",
            "parties",
            "last_message",
            "unread_count",
            "last_activity_at",
            "created_at",
        )

    @extend_schema_field(PublicUserSerializer(many=True))
    def get_parties(self, conversation: Conversation) -> list[dict[str, Any]]:
        users = [participant.user for participant in conversation.participants.all()]
        return list(PublicUserSerializer(users, many=True, context=self.context).data)

    @extend_schema_field(MessageSerializer(allow_null=True))
    def get_last_message(self, conversation: Conversation) -> dict[str, Any] | None:
        """The last message; whoever has read it has read nothing later, so the participants tell who and when."""
        message: Any = conversation.last_message
        if message is None:
            return None
        message.conversation = conversation
        message.read_by = [
            {"userId": str(reader.user_id), "readAt": milliseconds(reader.last_read_at)}
            for reader in conversation.participants.all()
            if reader.last_read_at and reader.last_read_sequence >= message.sequence
        ]
        return dict(MessageSerializer(message, context=self.context).data)


class StreamEventSerializer(Serializer):
    """One event as the socket would have sent it."""

    event = Text()
    data = serializers.JSONField()  # type: ignore[assignment]
    seq = Integer()


class NewsSerializer(Serializer):
    """What came after a number of the stream, and the number to ask from next."""

    events = StreamEventSerializer(many=True)
    seq = Integer()


class SearchQuery(Query):
    """Words that must stand in what was said, as they are written, in capitals or not."""

    search = Text(required=False, default="", min_length=2, max_length=100, single_line=True)


class NewsQuery(Query):
    """From where on, and how long to wait for the first event, in seconds."""

    after = Integer(required=False, default=None, min_value=0)
    wait = Integer(required=False, default=0, min_value=0, max_value=25)


class MessageBody(Serializer):
    """A message to send."""

    text = Text(required=False, default="", max_length=LONGEST_TEXT, allow_blank=True, trim_whitespace=False)
    attachments = ListOf(Id(), required=False, default=list, max_length=MOST_ATTACHMENTS)
    client_message_id = Text(required=False, default="", max_length=100, single_line=True)


class ReadBody(Serializer):
    """How far the caller has read."""

    message_id = Id()
