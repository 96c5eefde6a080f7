"""Locking accounts of the ledger ahead of what is posted to them, in the order in which everybody locks them."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from payments.models import Account, AccountKind

Named = tuple[AccountKind, UUID | None]
"""An account by what it holds and whose it is."""


def lock_accounts(named: Sequence[Named]) -> dict[Named, int]:
    """Lock these accounts until the transaction ends, opened if need be; answers what is in each, in paise."""
    kinds, owners = [str(kind) for kind, _ in named], [owner for _, owner in named]
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_lock_accounts(%s::text[], %s::uuid[])", [kinds, owners])
    return {(kind, owner): balance_of(kind, owner) for kind, owner in named}


def balance_of(kind: AccountKind, owner_id: UUID | None) -> int:
    """What the account holds now, in paise."""
    found = Account.objects.filter(kind=kind, owner_id=owner_id).values_list("balance", flat=True).first()
    return found or 0
