"""What the reconciliation has found, for the operators of finance."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Min, QuerySet

from khidma.kernel.clock import now
from payments.models import Difference, ReconciliationRun, Side, Subject
from payments.states import DifferenceStatus

LIVE = (DifferenceStatus.OPEN, DifferenceStatus.EXPLAINED)
KINDS = {f"{subject}_{side}": (subject, side) for subject in Subject.values for side in Side.values}
"""Subject and side, by the word for both."""


@dataclass(frozen=True)
class ReconciliationSummary:
    """Where the books stand: the share of rupees that the last run found the same in all of them, what is not
    resolved, and the days that the oldest of it has waited. What cannot be computed is none."""

    matched_share: float | None
    open: int
    oldest_days: int | None


def list_differences(
    *, status: list[str] | None = None, kind: str = "", side: str = "", owner_id: UUID | None = None
) -> QuerySet[Difference]:
    """Differences with their owners, the newest first; without a status those that are live."""
    found = Difference.objects.filter(status__in=status or LIVE).select_related("owner").order_by("-id")
    if kind:
        found = found.filter(subject=KINDS[kind][0], side=KINDS[kind][1])
    if side:
        found = found.filter(side=side)
    return found.filter(owner_id=owner_id) if owner_id else found


def summarise_reconciliation() -> ReconciliationSummary:
    """The state of the books."""
    run = ReconciliationRun.objects.filter(finished_at__isnull=False).order_by("-id").first()
    live = Difference.objects.filter(status__in=LIVE).aggregate(count=Count("id"), oldest=Min("created_at"))
    return ReconciliationSummary(
        matched_share=run.matched_share if run else None,
        open=live["count"],
        oldest_days=(now() - live["oldest"]).days if live["oldest"] else None,
    )
