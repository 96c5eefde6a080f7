"""Reads of conversations and messages: which ones an actor may know of, and what a screen shows of them."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, DateTimeField, Exists, Func, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import JSONObject

from accounts.models import User
from khidma.kernel.clock import Now
from khidma.kernel.errors import NotFound
from khidma.media.selectors import files_of
from messaging.models import (
    Conversation,
    ConversationKind,
    ConversationQuerySet,
    Message,
    Participant,
    ReadMark,
    SupportWait,
)
from messaging.runtime import SupportSettings


class Milliseconds(Func):
    """A moment as the wire shows it, rounded like `khidma.http.fields.milliseconds`; Extract would take local time."""

    template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s) * 1000)::bigint"
    output_field = BigIntegerField()


def list_conversations_for(actor: User, *, search: str = "") -> ConversationQuerySet:
    """The actor's conversations as their list shows them, each with the actor's `unread_count`.

    `search`: those only in which somebody said this.
    """
    conversations = Conversation.objects.of(actor)
    if search:
        said = Message.objects.filter(conversation=OuterRef("pk"), text__icontains=search)
        conversations = conversations.filter(Exists(said))
    return _for_screen(conversations)


def show_conversation(actor: User, conversation: Conversation) -> Conversation:
    """The same for one that the actor takes part in."""
    return _for_screen(Conversation.objects.of(actor)).get(pk=conversation.pk)


def _for_screen(conversations: ConversationQuerySet) -> ConversationQuerySet:
    parties = Prefetch("participants", Participant.objects.select_related("user").order_by("created_at", "id"))
    return conversations.prefetch_related(parties, Prefetch("last_message", _with_files(Message.objects.all())))


def list_messages(conversation: Conversation, *, search: str = "") -> QuerySet[Message]:
    """What was said in this conversation, or what of it holds the words of `search`, each message with `read_by`."""
    said = Message.objects.filter(conversation=conversation)
    found = said.filter(text__icontains=search) if search else said
    return _with_files(found.annotate(read_by=_read_by())).select_related("conversation")


def show_message(message: Message) -> Message:
    """One message as its conversation shows it."""
    return _with_files(Message.objects.annotate(read_by=_read_by())).select_related("conversation").get(pk=message.pk)


def get_said(message_id: UUID) -> Message:
    """A message that was stored, with its conversation and files."""
    return _with_files(Message.objects.select_related("conversation")).get(pk=message_id)


def _with_files(messages: QuerySet[Message]) -> QuerySet[Message]:
    return messages.annotate(files=files_of("message"))


def may_see_messages(user: User, ids: Collection[UUID]) -> bool:
    """Whether the user takes part where any of these was said, or looks into it for support or trust."""
    conversations = Conversation.objects.filter(messages__in=ids)
    if user.is_staff:
        return any(may_look_into(user, conversation) for conversation in conversations)
    return conversations.filter(participants__user=user).exists()


def get_message_in(conversation: Conversation, message_id: UUID) -> Message:
    """A message of this conversation. :raises NotFound: it is of another one, or of none."""
    message = Message.objects.filter(conversation=conversation, pk=message_id).first()
    if message is None:
        raise NotFound
    return message


def get_message_for(actor: User, message_id: UUID) -> Message:
    """A message of any of the actor's conversations. :raises NotFound: there is none."""
    messages = Message.objects.filter(conversation__participants__user=actor).select_related("conversation")
    message = messages.filter(pk=message_id).first()
    if message is None:
        raise NotFound
    return message


def participant_ids(conversation_id: UUID) -> list[UUID]:
    """Everybody who takes part."""
    return list(Participant.objects.filter(conversation_id=conversation_id).values_list("user_id", flat=True))


def may_look_into(operator: User, conversation: Conversation) -> bool:
    """Support sees what is written to support, trust what the sides of a dispute wrote to each other."""
    needed = "support" if conversation.kind == ConversationKind.SUPPORT else "trust"
    return operator.is_staff and operator.has_perm(f"accounts.{needed}")


def list_originals(conversation: Conversation, *, before: int | None = None) -> QuerySet[Message]:
    """What was said, the newest first, with files, and `original` for operators; before a number, if one is given."""
    said = _with_files(Message.objects.filter(conversation=conversation)).select_related("sender", "original")
    return (said if before is None else said.filter(sequence__lt=before)).order_by("-sequence")


def list_waits(conversation: Conversation, *, limit: int = 20) -> list[SupportWait]:
    """The last waits for support in this conversation, the newest first."""
    waits = SupportWait.objects.filter(chat__conversation=conversation).select_related("ended_by")
    return list(waits.order_by("-since")[:limit])


def get_support_conversation(conversation_id: UUID) -> Conversation:
    """A user's chat with support, for operators. :raises NotFound: there is none of this id."""
    found = Conversation.objects.filter(pk=conversation_id, kind=ConversationKind.SUPPORT).first()
    if found is None:
        raise NotFound
    return found


def get_support_message(message_id: UUID) -> Message:
    """A message of any chat with support, for operators. :raises NotFound: there is none, or it was removed."""
    said = Message.objects.filter(conversation__kind=ConversationKind.SUPPORT, removed_at=None)
    message = said.select_related("conversation").filter(pk=message_id).first()
    if message is None:
        raise NotFound
    return message


def list_unanswered(*, limit: int = 100) -> list[UUID]:
    """Waits for support that are longer than the setting and of which nobody was told yet, the oldest first."""
    patience = timedelta(minutes=SupportSettings.load().answer_minutes)
    late = SupportWait.objects.filter(ended_at=None, noticed_at=None, since__lte=Now() - patience)
    return list(late.order_by("since").values_list("pk", flat=True)[:limit])


def _read_by() -> ArraySubquery:
    """For one message: who has read it, and when their reading first reached it."""
    first_mark: Any = (
        ReadMark.objects.filter(participant=OuterRef("pk"), sequence__gte=OuterRef(OuterRef("sequence")))
        .order_by("sequence")
        .values("created_at")[:1]
    )
    readers = (
        Participant.objects.filter(conversation=OuterRef("conversation"), last_read_sequence__gte=OuterRef("sequence"))
        .annotate(at=Subquery(first_mark, output_field=DateTimeField()))
        .order_by("created_at", "id")
        .values(entry=JSONObject(userId="user_id", readAt=Milliseconds("at")))
    )
    return ArraySubquery(readers)
