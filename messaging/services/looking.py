"""An operator looks into a conversation, for a dispute or a question: all that was said, and the look on record."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.errors import Forbidden
from khidma.media.api.serializers import show_files
from messaging import selectors
from messaging.models import Conversation, Message, SupportWait

SHOWN = 200


@dataclass(frozen=True)
class Talk:
    """Messages, the oldest first, with `original` where masked, each with what `show_files` shows of its files."""

    conversation: Conversation
    messages: list[tuple[Message, list[dict[str, Any]]]]
    older_before: int | None
    waits: list[SupportWait]


@transaction.atomic
def look_into(*, conversation: Conversation, operator: User, before: int | None = None) -> Talk:
    """The newest messages, or those before a number, as they were written; who looked and when is written down.

    :raises Forbidden: the operator lacks the right for this kind of conversation.
    """
    if not selectors.may_look_into(operator, conversation):
        raise Forbidden
    messages = selectors.list_originals(conversation, before=before)[:SHOWN]
    shown = sorted(messages, key=lambda message: message.sequence)
    record_act(
        actor_id=operator.pk,
        action="conversation.look",
        target_type="conversation",
        target_id=conversation.pk,
        after={"from": shown[0].sequence, "to": shown[-1].sequence} if shown else None,
    )
    older = shown[0].sequence if shown and shown[0].sequence > 1 else None
    messages_and_files = [(message, show_files(getattr(message, "files", ()))) for message in shown]
    return Talk(conversation, messages_and_files, older, selectors.list_waits(conversation))
