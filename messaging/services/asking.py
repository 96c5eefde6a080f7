"""What a user's question does to the chat with support: it comes back to the desk, and somebody waits."""

from django.db.models import F

from messaging.errors import SupportDoesNotListen
from messaging.models import Conversation, Message, SupportChat, SupportWait


def put_on_desk(*, conversation: Conversation, message: Message) -> None:
    """Count a question and begin to wait for its answer, unless an earlier one waits; under the conversation's lock.

    :raises SupportDoesNotListen: an operator has closed this chat; the question is taken back.
    """
    chat = SupportChat.objects.get(conversation=conversation)
    if chat.blocked_at is not None:
        raise SupportDoesNotListen
    SupportChat.objects.filter(pk=chat.pk).update(
        unread_count=F("unread_count") + 1,
        last_message_at=message.created_at,
        archived_at=None,
        removed_at=None,
    )
    SupportWait.objects.bulk_create([SupportWait(chat=chat, since=message.created_at)], ignore_conflicts=True)
