"""What clients may send: frames read strictly, and the shape of each event's data."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError

from khidma.http.fields import Id, Integer, ListOf, Text
from khidma.http.parsers import parse_json
from khidma.http.serializers import Serializer, flat_errors
from khidma.kernel.errors import Invalid, KhidmaError, Malformed
from khidma.realtime.line import Frame
from messaging.models import LONGEST_TEXT

LARGEST_FRAME = 64 * 1024
LONGEST_REF = 200
MOST_ATTACHMENTS = 10


class Nothing(Serializer):
    """No data, or an empty object."""


class Authenticate(Serializer):
    token = Text(max_length=8_192)


class Resume(Serializer):
    last_seq = Integer(min_value=0)


class ConversationName(Serializer):
    """A conversation, by its own id or by its order's."""

    order_id = Id(required=False, allow_null=True)
    conversation_id = Id(required=False, allow_null=True)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        named = {name: values[name] for name in ("order_id", "conversation_id") if values.get(name)}
        if not named:
            raise ValidationError({"conversation_id": [_("Name the order or the conversation.")]})
        rest = {name: value for name, value in values.items() if name not in ("order_id", "conversation_id")}
        return {**rest, "name": named}


class ChatMessage(ConversationName):
    text = Text(required=False, default="", allow_blank=True, trim_whitespace=False, max_length=LONGEST_TEXT)
    attachments = ListOf(Id(), required=False, default=list, max_length=MOST_ATTACHMENTS)
    client_message_id = Text(required=False, default="", allow_blank=True, max_length=100, single_line=True)


class MessageRead(Serializer):
    message_id = Id()


BODIES: dict[str, type[Serializer]] = {
    "AUTHENTICATE": Authenticate,
    "RESUME": Resume,
    "SUBSCRIBE_CHAT": ConversationName,
    "UNSUBSCRIBE_CHAT": ConversationName,
    "CHAT_MESSAGE": ChatMessage,
    "MESSAGE_READ": MessageRead,
    "TYPING_START": ConversationName,
    "TYPING_STOP": ConversationName,
    "PING": Nothing,
    "PONG": Nothing,
}


@cache
def _reader(event: str, language: str | None) -> Serializer:
    """The one serializer of this event in this language, in which it may once have put its limits into words.

    It keeps nothing of what it reads, and to make one costs more than to read.
    """
    return BODIES[event]()


@dataclass(frozen=True)
class Command:
    """One frame of a client, its data not yet looked at."""

    event: str
    data: Any
    ref: str | int | None = None

    def body(self) -> dict[str, Any]:
        """The data, validated and in snake_case. :raises Invalid: with what is wrong with which field."""
        try:
            return dict(_reader(self.event, get_language()).run_validation(self.data))
        except ValidationError as error:
            raise Invalid(details=flat_errors(error.detail)) from error


class NotUnderstood(Malformed):
    """The frame is no JSON, or names no event; `ref` is the frame's, where it could be read."""

    def __init__(self, message: Any = None, *, ref: str | int | None = None) -> None:
        super().__init__(message)
        self.ref = ref


def is_too_large(text: str) -> bool:
    """Whether the frame is over 64 KiB."""
    return len(text) > LARGEST_FRAME or (4 * len(text) > LARGEST_FRAME and len(text.encode()) > LARGEST_FRAME)


def read_command(text: str | None) -> Command:
    """One frame as a command. :raises NotUnderstood: it is no JSON object, or its event is unknown."""
    if text is None:
        raise NotUnderstood(_("Frames are text."))
    try:
        body = parse_json(text.encode("utf-8", "surrogatepass"))
    except Malformed as error:
        raise NotUnderstood(error.message) from error
    if not isinstance(body, dict):
        raise NotUnderstood(_("A frame is an object with an event."))
    ref = _ref(body.get("ref"))
    if not isinstance(body.get("event"), str) or body["event"] not in BODIES:
        raise NotUnderstood(_("There is no such event."), ref=ref)
    return Command(body["event"], body.get("data") if body.get("data") is not None else {}, ref)


def error_frame(error: KhidmaError, ref: str | int | None = None) -> Frame:
    """How a refusal goes to the client."""
    data: dict[str, Any] = {"code": error.code, "message": str(error.message)}
    if error.details:
        data["details"] = error.details
    return Frame("ERROR", data, ref=ref)


def _ref(value: Any) -> str | int | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return value if isinstance(value, int) or len(value) <= LONGEST_REF else None
