"""The desk of support: who has written, what was said, and how well they are answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Avg, Count, F, Q, QuerySet, Sum
from django.utils import timezone

from khidma.http.paging import COUNT_CAP
from khidma.kernel.clock import now
from khidma.media.selectors import files_of
from messaging.models import Desk, Message, SupportChat, SupportStanding, SupportWait
from messaging.selectors import get_support_conversation

PERIOD = timedelta(days=7)

ROLES = {
    "client": Q(is_doer=False, is_client=True),
    "provider": Q(is_doer=True),
}
"""Who works is a provider to operators, whether or not the same person also posts work."""

STANDINGS = {
    SupportStanding.ACTIVE: Q(archived_at=None, blocked_at=None),
    SupportStanding.ARCHIVED: Q(archived_at__isnull=False, blocked_at=None),
    SupportStanding.BLOCKED: Q(blocked_at__isnull=False),
}

READ = {
    "unread": Q(desk=Desk.ASKED, sequence__gt=F("desk_read")),
    "sent": ~Q(desk=Desk.ASKED) & Q(sequence__gt=F("user_read")),
    "read": Q(desk=Desk.ASKED, sequence__lte=F("desk_read")) | ~Q(desk=Desk.ASKED) & Q(sequence__lte=F("user_read")),
}
"""What a message is: of a user's, whether operators have read it; of ours, whether the user has."""


@dataclass(frozen=True)
class DeskFigures:
    """How the desk does. Shares in percent, times in minutes; over the last seven days where nothing else is said."""

    total_contacts: int
    active_conversations: int
    unread_messages: int
    response_rate: float | None
    avg_response_time: float | None
    messages_sent_today: int
    messages_received_today: int
    client_messages: int
    provider_messages: int


def list_contacts(*, search: str = "", role: str = "", status: str = "") -> QuerySet[SupportChat]:
    """Everybody who has written to support, whoever wrote last first; removed ones are out of view."""
    chats = _contacts().filter(last_message_at__isnull=False, removed_at=None)
    if search:
        chats = chats.filter(Q(user__name__icontains=search) | Q(user__phone__icontains=search))
    if role:
        chats = chats.filter(_of_user("user", ROLES[role]))
    if status:
        chats = chats.filter(STANDINGS[SupportStanding(status)])
    return chats.order_by("-last_message_at", "-id")


def get_contact(user_id: UUID) -> SupportChat:
    """One contact as the list shows it."""
    return _contacts().get(user_id=user_id)


def list_desk_messages(
    *, conversation_id: UUID | None = None, search: str = "", role: str = "", status: str = ""
) -> QuerySet[Message]:
    """What was said in one chat with support, or in all of them, the newest first; removed messages are out of view.

    :raises NotFound: there is no such chat with support.
    """
    said = _messages().filter(removed_at=None)
    if conversation_id is None:
        said = said.exclude(desk=Desk.NONE).filter(conversation__support__removed_at=None)
    else:
        said = said.filter(conversation=get_support_conversation(conversation_id))
    if search:
        said = said.filter(text__icontains=search)
    if role:
        said = said.filter(_of_user("conversation__support__user", ROLES[role]))
    if status:
        said = said.filter(READ[status])
    return said.order_by("-created_at", "-id") if conversation_id is None else said.order_by("-sequence")


def show_desk_message(message_id: UUID) -> Message:
    """One message as the list shows it."""
    return _messages().get(pk=message_id)


def desk_figures() -> DeskFigures:
    """The figures of the desk, in five queries; what cannot be computed is None."""
    moment = now()
    chats = SupportChat.objects.filter(last_message_at__isnull=False, removed_at=None)
    waits = SupportWait.objects.filter(since__gte=moment - PERIOD).aggregate(
        all=Count("pk"),
        answered=Count("pk", filter=Q(is_answered=True)),
        patience=Avg(F("ended_at") - F("since"), filter=Q(is_answered=True)),
    )
    return DeskFigures(
        total_contacts=chats[:COUNT_CAP].count(),
        active_conversations=chats.filter(last_message_at__gte=moment - PERIOD)[:COUNT_CAP].count(),
        unread_messages=SupportChat.objects.filter(unread_count__gt=0, removed_at=None).aggregate(
            unread=Sum("unread_count", default=0)
        )["unread"],
        response_rate=round(100 * waits["answered"] / waits["all"], 1) if waits["all"] else None,
        avg_response_time=round(waits["patience"] / timedelta(minutes=1), 1) if waits["answered"] else None,
        **_counted(moment),
    )


def _counted(moment: datetime) -> dict[str, int]:
    """Messages of today (in India) and of the period, by where they come from."""
    today = timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    asked, is_today = Q(desk=Desk.ASKED), Q(created_at__gte=today)
    counted: dict[str, int] = (
        Message.objects.exclude(desk=Desk.NONE)
        .filter(created_at__gte=moment - PERIOD)
        .aggregate(
            messages_sent_today=Count("pk", filter=Q(desk=Desk.ANSWERED) & is_today),
            messages_received_today=Count("pk", filter=asked & is_today),
            client_messages=Count("pk", filter=asked & _of_user("sender", ROLES["client"])),
            provider_messages=Count("pk", filter=asked & _of_user("sender", ROLES["provider"])),
        )
    )
    return counted


def _contacts() -> QuerySet[SupportChat]:
    return SupportChat.objects.select_related("user", "conversation__last_message")


def _messages() -> QuerySet[Message]:
    """Messages of chats with support, with files, and how far operators and the user have read; one user takes part."""
    return Message.objects.select_related("sender").annotate(
        files=files_of("message"),
        desk_read=F("conversation__support__read_sequence"),
        user_read=F("conversation__participants__last_read_sequence"),
    )


def _of_user(path: str, condition: Q) -> Q:
    """The condition on a user, for rows that refer to one."""
    return Q(*[(f"{path}__{name}", value) for name, value in condition.children])  # type: ignore[misc]
