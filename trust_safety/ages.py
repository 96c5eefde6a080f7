"""Maximum ages of what waits for a decision of trust and safety."""

from datetime import timedelta

from khidma.kernel.aging import may_last
from trust_safety.models import Contest
from trust_safety.states import ContestStatus

may_last(
    Contest,
    {ContestStatus.OPEN},
    since="decide_by",
    within=timedelta(0),
    people="trust and safety: decide the contest",
)
