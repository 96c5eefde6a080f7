"""Maximum ages of khidma.http: answers that may still change."""

from datetime import timedelta

from django.db.models import Q

from khidma.http.idempotency import KEPT
from khidma.http.models import IdempotencyRecord
from khidma.kernel.aging import may_last

may_last(
    IdempotencyRecord,
    name="in flight",
    where=Q(settles_at__isnull=False),
    since="created_at",
    within=KEPT + timedelta(hours=1),
    sweep="khidma.http.tasks.drop_old_answers",
)
