"""Holding back a part of a wallet, and letting it go: beside the ledger, under the wallet's lock."""

from uuid import UUID

import structlog
from django.db import connection, transaction

from khidma.kernel.clock import Now
from payments.errors import WalletHoldReused
from payments.models import WalletHold

log = structlog.get_logger(__name__)


@transaction.atomic
def hold_wallet(*, user_id: UUID, amount: int, reason: str, reference: UUID) -> WalletHold:
    """Keep up to this much of the wallet from being withdrawn, what is earned later too; once for each reference.

    A reference that was held before, even if released since, answers its first hold. Nothing is posted.
    :raises WalletHoldReused: the reference was held for another user or amount.
    """
    lock_wallet(user_id)
    hold, _ = WalletHold.objects.get_or_create(
        reference=reference, defaults={"user_id": user_id, "amount": amount, "reason": reason[:200]}
    )
    if (hold.user_id, hold.amount) != (user_id, amount):
        log.critical("wallet_hold_reused", reference=str(reference))
        raise WalletHoldReused(details={"reference": str(reference)})
    return hold


@transaction.atomic
def release_wallet_hold(*, reference: UUID) -> None:
    """Let go of what was held under this reference; nothing, if there is no hold or it was released before."""
    WalletHold.objects.filter(reference=reference, released_at=None).update(released_at=Now())


def lock_wallet(user_id: UUID) -> int:
    """Lock the user's wallet until the transaction ends, opened if need be; answers what is in it, in paise.

    Whoever decides by what may be withdrawn comes through here first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_lock_wallet(%s)", [user_id])
        balance: int = cursor.fetchone()[0]
    return balance
