"""Who takes part: pairs that talk, strangers that must not, and users that never read; made through the services."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from accounts.models import User
from accounts.services import begin_session
from accounts.services.sessions import end_session
from accounts.tests.factories import make_client, make_doer, make_user
from messaging.models import Conversation
from messaging.tests.factories import make_conversation
from verify.proof import CannotRun


@dataclass(frozen=True)
class Person:
    """A user with a token, and the conversation that is theirs, if one is."""

    user: User
    token: str
    conversation_id: UUID | None = None

    @property
    def user_id(self) -> str:
        return str(self.user.pk)


@dataclass
class Village:
    """Everybody. Making them blocks."""

    users: int
    deaf_users: int
    pairs: list[tuple[Person, Person]] = field(init=False)
    deaf: list[Person] = field(init=False)
    stranger: Person = field(init=False)
    victim: tuple[Person, Person] = field(init=False)
    """Two whose thread the stranger tries, one of whom floods; their sessions are not the talkers'."""
    suspect: Person = field(init=False)
    issued: list[str] = field(default_factory=list)
    """Every token there is, to be looked for in the logs."""

    def __post_init__(self) -> None:
        self.pairs = [self._pair() for _ in range(self.users // 2)]
        self.victim = self._pair()
        self.stranger = self._person(make_doer())
        self.suspect = self._pair()[0]
        self.deaf = [self._person(make_user()) for _ in range(self.deaf_users)]
        connection.close()

    def again(self, person: Person) -> Person:
        """The same with a session more."""
        return self._person(person.user, person.conversation_id)

    def _pair(self) -> tuple[Person, Person]:
        client, doer = make_client(), make_doer()
        conversation = make_conversation(client=client, doer=doer)
        return self._person(client, conversation.pk), self._person(doer, conversation.pk)

    def _person(self, user: User, conversation_id: UUID | None = None) -> Person:
        token = begin_session(user=user, method="otp").token  # type: ignore[arg-type]
        self.issued.append(token)
        return Person(user, token, conversation_id)


def said_in(conversation_id: UUID) -> list[tuple[str, int, str, str, str]]:
    """What the table holds: id, number, sender, the sender's own id and text of each message, in order."""
    try:
        rows = Conversation.objects.get(pk=conversation_id).messages.order_by("sequence")
        columns = rows.values_list("pk", "sequence", "sender_id", "client_message_id", "text")
        return [(str(pk), sequence, str(sender), own, text) for pk, sequence, sender, own, text in columns]
    finally:
        connection.close()


def end_sessions(person: Person) -> None:
    """Log the person out, as the API does. :raises CannotRun: there was no session."""
    from accounts.models import Session

    sessions = list(Session.objects.filter(user=person.user, ended_at__isnull=True))
    if not sum(end_session(session=session, reason="logged_out") for session in sessions):
        raise CannotRun("Nobody was logged in.")
    connection.close()
