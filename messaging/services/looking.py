"""An operator looks into a conversation, for a dispute or a question: all that was said, and the look on record."""

from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.errors import Forbidden
from messaging import selectors
from messaging.models import Conversation, Message, SupportWait

SHOWN = 200


@dataclass(frozen=True)
class Talk:
    """Messages of a conversation, the oldest first, with `original` where they were masked; where older ones begin."""

    conversation: Conversation
    messages: list[Message]
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
    return Talk(conversation, shown, older, selectors.list_waits(conversation))
