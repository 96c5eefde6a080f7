"""Conversations for tests, made as real ones are."""

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from gigs.tests.factories import make_application, make_gig
from messaging import services
from messaging.models import Conversation, Message, Participant


def make_conversation(*, client: User | None = None, doer: User | None = None) -> Conversation:
    """The talk of a gig's owner with an applicant."""
    application = make_application(gig=make_gig(client=client or make_client()), doer=doer or make_doer())
    return services.open_for_application(application=application)


def parties(conversation: Conversation) -> tuple[User, User]:
    """Its client and its doer."""
    assert conversation.application is not None
    return conversation.application.gig.client, conversation.application.doer


def say(conversation: Conversation, sender: User, text: str = "Namaste!") -> Message:
    """One message."""
    return services.send_message(conversation=conversation, sender=sender, text=text)


def unread(conversation: Conversation, user: User) -> int:
    """What the user has not read."""
    return Participant.objects.get(conversation=conversation, user=user).unread_count
