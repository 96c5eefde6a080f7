"""Maximum ages of accounts: applications to work on site."""

from datetime import timedelta

from accounts.models import DoerProfile
from accounts.states import DoerStatus
from khidma.kernel.aging import may_last, since_last_step

may_last(
    DoerProfile,
    {DoerStatus.APPLIED, DoerStatus.UNDER_REVIEW},
    since=since_last_step(DoerProfile),
    within=timedelta(days=14),
    people="operators: review the application",
)
