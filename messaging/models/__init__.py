"""Tables of messaging, by noun."""

from messaging.models.conversations import (
    LONGEST_TEXT,
    Conversation,
    ConversationKind,
    ConversationQuerySet,
    Desk,
    Message,
    MessageKind,
    Original,
    Participant,
    ReadMark,
)
from messaging.models.support import SupportChat, SupportStanding, SupportWait

__all__ = [
    "LONGEST_TEXT",
    "Conversation",
    "ConversationKind",
    "ConversationQuerySet",
    "Desk",
    "Message",
    "MessageKind",
    "Original",
    "Participant",
    "ReadMark",
    "SupportChat",
    "SupportStanding",
    "SupportWait",
]
