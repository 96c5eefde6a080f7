"""Adding the whole ledger up anew, by the clock, and keeping what came of it."""

import time
from datetime import timedelta

import structlog
from django.db import connection, transaction

from khidma.kernel.clock import Now, now
from payments.models import LedgerCheck
from payments.selectors import check_ledger

log = structlog.get_logger(__name__)

SHARE_OF_TIME = 20
"""A check that takes long is made less often: one twentieth of the time at most goes into it."""
KEPT = timedelta(days=30)
FAULTS_KEPT = 100
TURN = 7_301_142_609
"""The advisory lock under which one process at a time checks."""


@transaction.atomic
def check_books() -> LedgerCheck | None:
    """Check everything and keep the result; none where another process is at it, or the last check was a moment ago.

    Sound checks are kept for thirty days, unsound ones for good.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [TURN])
        if not cursor.fetchone()[0]:
            return None
    last = LedgerCheck.objects.order_by("-created_at").first()
    if last and last.created_at + timedelta(seconds=SHARE_OF_TIME * last.seconds) > now():
        return None
    began = time.monotonic()
    faults = check_ledger().faults
    made = LedgerCheck.objects.create(
        is_sound=not faults, faults=faults[:FAULTS_KEPT], seconds=time.monotonic() - began
    )
    if faults:
        log.critical("ledger_unsound", count=len(faults), reason=faults[0][:500])
    LedgerCheck.objects.filter(is_sound=True, created_at__lt=Now() - KEPT).delete()
    return made
