"""Telling people once of all the chat messages that they have not read."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from khidma.delivery.models import Channel
from khidma.kernel.clock import now
from khidma.kernel.states import lock
from messaging.models import Message, Participant
from notifications.models import Digest, Preferences
from notifications.runtime import NotificationSettings
from notifications.sentences import sentence as _
from notifications.services.telling import tell

KIND = "unread_messages"
LOOK_BACK = timedelta(hours=24)
"""Longer than any quiet hours; a conversation that is silent for so long leads to no digest."""

NEVER = datetime(2000, 1, 1, tzinfo=UTC)
AT_ONCE, MOST_COUNTED = 1_000, 100


def tell_of_unread_messages() -> int:
    """Tell everybody with a message that is unread for long enough, but nobody in quiet hours; how many."""
    moment = now()
    waiting = _waiting(moment)
    user_ids = list(waiting[:AT_ONCE])
    told = _tell_awake(user_ids, moment)
    while len(user_ids) == AT_ONCE:
        user_ids = list(waiting.filter(user_id__gt=user_ids[-1])[:AT_ONCE])
        told += _tell_awake(user_ids, moment)
    return told


def _tell_awake(user_ids: list[UUID], moment: datetime) -> int:
    """Tell those of them who are not in quiet hours; how many."""
    preferences = Preferences.objects.in_bulk(user_ids)
    awake = [
        user_id
        for user_id in user_ids
        if user_id not in preferences or not preferences[user_id].quiet_until(KIND, Channel.PUSH, moment)
    ]
    return sum(_tell(user_id, moment) for user_id in awake)


def _waiting(moment: datetime) -> QuerySet[Participant, UUID]:
    """The people with a message of somebody's that they neither read nor were told of, for the time that is set."""
    rules = NotificationSettings.load()
    told = Digest.objects.filter(user=OuterRef("user")).values("told_at")
    oldest = (
        Message.objects.filter(
            conversation=OuterRef("conversation"),
            sequence__gt=OuterRef("last_read_sequence"),
            sender__isnull=False,
            created_at__gt=Coalesce(OuterRef("told_at"), NEVER),
        )
        .exclude(sender=OuterRef("user"))
        .order_by("sequence")
        .values("created_at")
    )
    return (
        Participant.objects.filter(unread_count__gt=0, conversation__last_activity_at__gte=moment - LOOK_BACK)
        .annotate(told_at=Subquery(told))
        .filter(Q(told_at__isnull=True) | Q(told_at__lte=moment - timedelta(minutes=rules.digest_pause_minutes)))
        .annotate(oldest=Subquery(oldest[:1]))
        .filter(oldest__lte=moment - timedelta(minutes=rules.digest_minutes))
        .order_by("user_id")
        .values_list("user_id", flat=True)
        .distinct()
    )


@transaction.atomic
def _tell(user_id: UUID, moment: datetime) -> bool:
    """One notification of everything unread, unless somebody has just told or read it."""
    Digest.objects.bulk_create([Digest(user_id=user_id, told_at=NEVER)], ignore_conflicts=True)
    digest = lock(Digest, user_id)
    unread = (
        Message.objects.filter(
            conversation__participants__user=user_id,
            conversation__participants__last_read_sequence__lt=F("sequence"),
            sender__isnull=False,
            created_at__gt=digest.told_at,
        )
        .exclude(sender=user_id)
        .order_by("conversation", "sequence")
        .values_list("conversation", flat=True)[:MOST_COUNTED]
    )
    conversations = list(unread)
    pause = timedelta(minutes=NotificationSettings.load().digest_pause_minutes)
    if not conversations or digest.told_at > moment - pause:
        return False
    is_one = len(set(conversations)) == 1
    tell(
        user_id=user_id,
        kind=KIND,
        title=_("You have unread messages"),
        body=_("Messages that you have not read: %(count)d.", count=len(conversations)),
        data={"conversationId": str(conversations[0])} if is_one else {},
        action_url=f"/conversations/{conversations[0]}" if is_one else "/conversations",
        channels=("email", "push"),
    )
    digest.told_at = moment
    digest.save(update_fields=["told_at"])
    return True
