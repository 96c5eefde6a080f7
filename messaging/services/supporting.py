"""The chat with support from both sides: questions that wait, answers of operators, and what operators put away.

Everything here happens under the conversation's lock, so that a question and its answer cannot pass each other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.clock import now
from khidma.kernel.errors import NotFound
from khidma.kernel.events import publish
from khidma.kernel.states import lock
from messaging.events import SupportUnanswered
from messaging.models import Conversation, Desk, Message, SupportChat, SupportStanding, SupportWait
from messaging.services.talking import checked_text, post_system_message, put_files, store


@transaction.atomic
def answer_as_support(
    *, conversation: Conversation, operator: User, text: str, attachments: Sequence[UUID] = ()
) -> Message:
    """Write to a user in the name of support; the question's wait is over.

    :raises NotFound: this is no chat with support.
    :raises Invalid: as `send_message`.
    """
    text = checked_text(text, attachments)
    chat = _locked_chat(conversation)
    message = Message(conversation=chat.conversation, sender=operator, text=text, desk=Desk.ANSWERED)
    put_files(message, attachments, owner=operator)
    message = store(chat.conversation, message)
    chat.read_sequence, chat.unread_count, chat.last_message_at = message.sequence, 0, message.created_at
    chat.archived_at = chat.removed_at = None
    chat.save(update_fields=["read_sequence", "unread_count", "last_message_at", "archived_at", "removed_at"])
    _end_wait(chat, operator, at=message.created_at, is_answered=True)
    return message


@transaction.atomic
def mark_for_support(*, message: Message, is_read: bool) -> SupportChat:
    """Operators have read up to and with this message, or want to come back to it. :raises NotFound: not to support."""
    chat = _locked_chat(message.conversation)
    if is_read:
        chat.read_sequence = max(chat.read_sequence, message.sequence)
    else:
        chat.read_sequence = min(chat.read_sequence, message.sequence - 1)
    later = Message.objects.filter(
        conversation=chat.conversation, desk=Desk.ASKED, removed_at=None, sequence__gt=chat.read_sequence
    )
    chat.unread_count = later.count()
    chat.save(update_fields=["read_sequence", "unread_count"])
    return chat


@transaction.atomic
def change_standing(*, conversation: Conversation, operator: User, standing: SupportStanding) -> SupportChat:
    """Put a chat away until its user writes again, stop taking questions in it, or take it up again; on record."""
    chat = _locked_chat(conversation)
    before, moment = chat.standing, now()
    chat.archived_at = moment if standing == SupportStanding.ARCHIVED else None
    chat.blocked_at = moment if standing == SupportStanding.BLOCKED else None
    chat.save(update_fields=["archived_at", "blocked_at"])
    if standing != SupportStanding.ACTIVE:
        _end_wait(chat, operator, at=moment)
    _record(chat, operator, "support.standing", before={"status": before.value}, after={"status": standing.value})
    return chat


@transaction.atomic
def remove_message(*, message: Message, operator: User) -> None:
    """Take a message out of the operators' view; its parties keep it, and the act is on record."""
    chat = _locked_chat(message.conversation)
    found = Message.objects.filter(pk=message.pk, removed_at=None).update(removed_at=now())
    if not found:
        raise NotFound
    if message.desk == Desk.ASKED and message.sequence > chat.read_sequence:
        chat.unread_count -= 1
        chat.save(update_fields=["unread_count"])
    _record(chat, operator, "support.remove_message", after={"message_id": str(message.pk)})


@transaction.atomic
def remove_chat(*, conversation: Conversation, operator: User) -> None:
    """Take a chat out of the operators' view until its user writes again; nothing is lost, and it is on record."""
    chat = _locked_chat(conversation)
    if chat.removed_at is not None:
        raise NotFound
    chat.removed_at = now()
    chat.save(update_fields=["removed_at"])
    _end_wait(chat, operator, at=chat.removed_at)
    _record(chat, operator, "support.remove_conversation")


@transaction.atomic
def notice_unanswered(*, wait_id: UUID) -> bool:
    """Tell a user that nobody has answered yet, and call the operators, once for each wait. False: it is over."""
    wait = SupportWait.objects.select_related("chat").get(pk=wait_id)
    chat = _locked_chat(Conversation(pk=wait.chat.conversation_id))
    moment = now()
    if not SupportWait.objects.filter(pk=wait_id, ended_at=None, noticed_at=None).update(noticed_at=moment):
        return False
    with override(chat.language or None):
        post_system_message(
            conversation=chat.conversation,
            text=_("Nobody has answered yet, we are sorry. Our team has been called and will write to you here."),
        )
    publish(
        SupportUnanswered(wait_id=wait_id, conversation_id=chat.conversation_id, user_id=chat.user_id, since=wait.since)
    )
    return True


def _locked_chat(conversation: Conversation) -> SupportChat:
    """The chat of this conversation, which stays locked. :raises NotFound: it is none with support."""
    held = lock(conversation)
    chat = SupportChat.objects.filter(conversation=held).first()
    if chat is None:
        raise NotFound
    chat.conversation = held
    return chat


def _end_wait(chat: SupportChat, operator: User, *, at: datetime, is_answered: bool = False) -> None:
    """End the wait that there is; a transaction that waited for the lock may have begun before the question came."""
    waiting = SupportWait.objects.filter(chat=chat, ended_at=None)
    waiting.update(ended_at=Greatest(F("since"), Value(at)), ended_by=operator, is_answered=is_answered)


def _record(chat: SupportChat, operator: User, action: str, **facts: Any) -> None:
    record_act(
        actor_id=operator.pk,
        action=action,
        target_type="conversation",
        target_id=chat.conversation_id,
        **facts,
    )
