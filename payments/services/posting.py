"""The one way that money moves: posting a transfer to the ledger, in one call to the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import IntegrityError

from khidma.kernel.prepared import fetch_prepared
from payments.errors import BalanceTooSmall, TransferKeyReused, TransferUnbalanced
from payments.models import AccountKind, TransferKind

log = structlog.get_logger(__name__)

POST = "SELECT transfer_id, outcome FROM payments_post(%s, %s, %s, %s, %s::text[], %s::uuid[], %s::bigint[], %s)"


@dataclass(frozen=True)
class Line:
    """One entry to be: paise on an account, debits positive, credits negative."""

    account: AccountKind
    owner_id: UUID | None
    amount: int


@dataclass(frozen=True)
class Posted:
    """A transfer that stands in the ledger. `is_new` is false when its key had been posted before."""

    transfer_id: UUID
    is_new: bool


def debit(account: AccountKind, amount: int, owner_id: UUID | None = None) -> Line:
    """A line on the debit side."""
    return Line(account, owner_id, amount)


def credit(account: AccountKind, amount: int, owner_id: UUID | None = None) -> Line:
    """A line on the credit side. On a wallet, it pays what that user owes first."""
    return Line(account, owner_id, -amount)


def post(
    *,
    key: str,
    kind: TransferKind,
    entries: Sequence[Line],
    reference: UUID | None = None,
    note: str = "",
    reverses: UUID | None = None,
) -> Posted:
    """Post one transfer; lines of zero are left out. The same key with the same lines answers the first transfer.

    :raises BalanceTooSmall: an account that may not be overdrawn would be.
    :raises TransferKeyReused: the key was posted with other lines.
    :raises TransferUnbalanced: the lines do not sum to zero.
    """
    lines = [line for line in entries if line.amount]
    if len(lines) < 2 or sum(line.amount for line in lines) != 0:
        raise TransferUnbalanced(details={"key": key, "lines": [[line.account, line.amount] for line in lines]})
    # Arrays as PostgreSQL writes them, of values without anything to quote: kinds, UUIDs, numbers.
    accounts = ",".join([line.account for line in lines])
    owners = ",".join([str(line.owner_id) if line.owner_id else "NULL" for line in lines])
    amounts = ",".join([str(line.amount) for line in lines])
    asked = [key, str(kind), reference, note, f"{{{accounts}}}", f"{{{owners}}}", f"{{{amounts}}}", reverses]
    try:
        transfer_id, outcome = fetch_prepared(POST, asked)
    except IntegrityError as error:
        if "payments_account_not_negative" in str(error):
            raise BalanceTooSmall from error
        raise
    if outcome == "differs":
        log.critical("ledger_key_reused", key=key, kind=kind, transfer_id=str(transfer_id))
        raise TransferKeyReused(details={"key": key})
    return Posted(transfer_id=transfer_id, is_new=outcome == "posted")
