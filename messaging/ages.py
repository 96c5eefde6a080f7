"""Maximum ages of questions to support: until the clock notices that nobody answered, and until somebody must have."""

from datetime import timedelta

from django.db.models import Q

from khidma.kernel.aging import may_last
from messaging.models import SupportWait
from messaging.runtime import SupportSettings

TAKEN_UP = timedelta(minutes=2)
"""A clock that runs every 30 seconds has taken up what is due by then."""


def patience() -> timedelta:
    return timedelta(minutes=SupportSettings.load().answer_minutes) + TAKEN_UP


may_last(
    SupportWait,
    name="waiting, not noticed",
    where=Q(ended_at__isnull=True, noticed_at__isnull=True),
    since="since",
    within=patience,
    sweep="messaging.tasks.notice_unanswered_questions",
)
may_last(
    SupportWait,
    name="waiting for an answer",
    where=Q(ended_at__isnull=True),
    since="since",
    within=timedelta(days=1),
    people="support: answer in the chat",
)
