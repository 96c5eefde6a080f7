"""Saying something: stored under the conversation's lock with the next number, then told to everybody in it."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from khidma.http.text import clean
from khidma.kernel.errors import Invalid
from khidma.kernel.ids import new_id
from khidma.kernel.states import lock
from messaging.models import LONGEST_TEXT, Conversation, ConversationKind, Desk, Message, MessageKind, Participant
from messaging.services.announcing import announce_message
from messaging.services.guarding import keep_original, mask_before_funding, require_may_write


@transaction.atomic
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
    :raises Invalid: nothing is said, the text is too long, or files come with it.
    :raises BlockedBetween: one of the two has blocked the other.
    """
    text = checked_text(text, attachments)
    conversation = lock(conversation)
    earlier = _said_before(conversation, sender, client_message_id)
    if earlier is not None:
        return earlier
    require_may_write(conversation=conversation, sender=sender)
    masked = mask_before_funding(conversation, text)
    message = Message(
        id=message_id or new_id(),
        conversation=conversation,
        sender=sender,
        text=masked.text,
        client_message_id=client_message_id,
        is_flagged=bool(masked.kinds),
        desk=Desk.ASKED if conversation.kind == ConversationKind.SUPPORT else Desk.NONE,
    )
    store(conversation, message)
    if masked.kinds:
        keep_original(message=message, sender=sender, text=text, kinds=masked.kinds)
    return message


@transaction.atomic
def post_system_message(*, conversation: Conversation, text: str) -> Message:
    """Say something in nobody's name, such as that the order changed."""
    conversation = lock(conversation)
    return store(conversation, Message(conversation=conversation, kind=MessageKind.SYSTEM, text=text))


def checked_text(text: str, attachments: Sequence[UUID]) -> str:
    """The text as it is stored. :raises Invalid: see `send_message`."""
    if attachments:
        raise Invalid(details={"attachments": [_("Files cannot be sent in chats yet.")]})
    text = clean(text)
    if not text.strip():
        raise Invalid(details={"text": [_("Say something.")]})
    if len(text) > LONGEST_TEXT:
        raise Invalid(details={"text": [_("At most %(most)d characters.") % {"most": LONGEST_TEXT}]})
    return text


def _said_before(conversation: Conversation, sender: User, client_message_id: str) -> Message | None:
    if not client_message_id:
        return None
    said = Message.objects.filter(conversation=conversation, sender=sender, client_message_id=client_message_id)
    return said.select_related("conversation").first()


def store(conversation: Conversation, message: Message) -> Message:
    """Give the message the next number, count it as unread for the others, and tell everybody.

    The caller holds the conversation's lock.
    """
    conversation.last_sequence += 1
    message.sequence = conversation.last_sequence
    message.save(force_insert=True)
    conversation.last_message = message
    conversation.last_activity_at = message.created_at
    conversation.save(update_fields=["last_sequence", "last_message", "last_activity_at"])
    others = Participant.objects.filter(conversation=conversation).exclude(user=message.sender_id)
    others.update(unread_count=F("unread_count") + 1)
    announce_message(message=message, conversation=conversation)
    return message
