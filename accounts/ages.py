"""Maximum ages of accounts: applications to work on site, and documents to be looked at."""

from datetime import timedelta

from accounts.models import DoerProfile, Verification
from accounts.states import WAITING_VERIFICATIONS, DoerStatus
from khidma.kernel.aging import may_last, since_last_step

may_last(
    DoerProfile,
    {DoerStatus.APPLIED, DoerStatus.UNDER_REVIEW},
    since=since_last_step(DoerProfile),
    within=timedelta(days=14),
    people="operators: review the application",
)
may_last(
    Verification,
    WAITING_VERIFICATIONS,
    since="created_at",
    within=timedelta(days=7),
    people="operators of trust: look at the document",
)
