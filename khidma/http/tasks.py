"""Periodic work of khidma.http."""

from khidma.http.idempotency import KEPT
from khidma.http.models import IdempotencyRecord
from khidma.kernel.clock import now
from khidma.kernel.sweeps import sweep

BATCH = 5000


@sweep(every=600)
def drop_old_answers() -> int:
    """Forget answers whose day is over."""
    old = IdempotencyRecord.objects.filter(created_at__lt=now() - KEPT).values("pk")[:BATCH]
    return IdempotencyRecord.objects.filter(pk__in=old).delete()[0]
