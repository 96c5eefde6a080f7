"""How the gateway has answered lately, by the attempts that are written down before every call that moves money."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from payments.models import GatewayAttempt
from payments.models.gateway import AttemptStatus
from payments.providers import gateway_state


@dataclass(frozen=True)
class GatewayAnswers:
    """When it answered last, and what it has not answered yet. Nothing where it was never asked.

    `breaker` is that of this process: `open` while it does not ask.
    """

    last_answered_at: datetime | None
    unanswered: int
    unanswered_since: datetime | None
    breaker: str


def gateway_answers() -> GatewayAnswers:
    """The last answer and the open questions."""
    is_open = Q(status=AttemptStatus.STARTED, calls__gt=0)
    opened = GatewayAttempt.objects.filter(is_open).aggregate(count=Count("pk"), since=Min("created_at"))
    answered = GatewayAttempt.objects.filter(answered_at__isnull=False).order_by("-id")
    last = answered.values_list("answered_at", flat=True).first()
    return GatewayAnswers(last, opened["count"], opened["since"], gateway_state())
