"""The doers' completion rates, kept in their working profiles."""

from uuid import UUID

from django.db import transaction

from accounts import services as accounts
from orders.selectors import completion_rate_of


@transaction.atomic
def keep_completion_rate(*, doer_id: UUID) -> None:
    """Count the doer's orders anew and write the rate down; it never drifts, however often it is told."""
    if accounts.hold_doer_profile(user_id=doer_id):
        accounts.record_completion_rate(user_id=doer_id, rate=completion_rate_of(doer_id))
