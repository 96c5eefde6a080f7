"""Reads of wallets: every figure is the ledger's, or that of the escrows that it holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.figures import ProfileFigures
from accounts.models import User
from payments.models import Account, AccountKind, BankAccount, Entry, Escrow, Payout, Return, TransferKind
from payments.selectors.available import available_of
from payments.selectors.shares import shares_of_each
from payments.states import EscrowStatus, PayoutStatus

EARNING, WITHDRAWAL, WITHDRAWAL_REVERSAL = "earning", "withdrawal", "withdrawal_reversal"
CLAWBACK, ADJUSTMENT = "clawback", "adjustment"
TYPES = {
    EARNING: [TransferKind.SETTLE],
    WITHDRAWAL: [TransferKind.PAYOUT],
    WITHDRAWAL_REVERSAL: [TransferKind.PAYOUT_RETURNED],
    CLAWBACK: [TransferKind.RETURN, TransferKind.CHARGEBACK],
}
HELD = F("amount") - Coalesce(F("refunded"), 0)
"""What a funded escrow holds: what came, less what went back in parts."""

TYPE_OF = {str(kind): name for name, kinds in TYPES.items() for kind in kinds}


@dataclass(frozen=True)
class WalletBalance:
    """A user's money with the platform, in paise."""

    available: int
    pending: int
    in_escrow: int
    owed: int
    total_earnings: int
    total_withdrawn: int
    currency: str = "INR"


def wallet_balance_of(user_id: UUID) -> WalletBalance:
    """What may be withdrawn, what is still to be decided or held, and what lies in escrow as the user's own money."""
    owned = dict(
        Account.objects.filter(owner_id=user_id, kind__in=[AccountKind.WALLET, AccountKind.RECEIVABLE]).values_list(
            "kind", "balance"
        )
    )
    decided = Escrow.objects.filter(payee_id=user_id, status=EscrowStatus.DECIDED)
    withdrawn = Payout.objects.filter(user_id=user_id, refund=None, status=PayoutStatus.PROCESSED)
    paid = Escrow.objects.filter(payer_id=user_id, status=EscrowStatus.FUNDED)
    wallet = owned.get(AccountKind.WALLET, 0)
    available = available_of(user_id, wallet)
    return WalletBalance(
        available=available,
        pending=_undecided(user_id) + wallet - available,
        in_escrow=paid.aggregate(total=Sum(HELD))["total"] or 0,
        owed=owned.get(AccountKind.RECEIVABLE, 0),
        total_earnings=(decided.aggregate(total=Sum("payee_net"))["total"] or 0) - _returned(user_id),
        total_withdrawn=withdrawn.aggregate(total=Sum("amount"))["total"] or 0,
    )


def _returned(user_id: UUID) -> int:
    """What the user has earned and had to give back."""
    returns = Return.objects.filter(escrow__payee_id=user_id)
    return returns.aggregate(total=Sum(F("taken") + F("owed")))["total"] or 0


def _undecided(user_id: UUID) -> int:
    """The user's share in escrows that nobody has decided yet, at the rates of today."""
    undecided = Escrow.objects.filter(payee_id=user_id, status=EscrowStatus.FUNDED)
    return sum(shares.payee_net for shares in shares_of_each(undecided).values())


def figures_of(user_id: UUID) -> ProfileFigures:
    """The same for the user's own profile."""
    balance = wallet_balance_of(user_id)
    default = BankAccount.objects.filter(user_id=user_id, is_default=True, removed_at=None)
    return ProfileFigures(
        total_earnings=balance.total_earnings,
        wallet_balance=balance.available,
        pending_balance=balance.pending,
        bank_account_id=default.values_list("pk", flat=True).first(),
    )


def list_wallet_entries_for(
    actor: User, *, type: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Entry]:
    """The actor's statement, newest first: entries with their transfer and `change`, in paise."""
    entries = (
        Entry.objects.filter(account__kind=AccountKind.WALLET, account__owner_id=actor.pk)
        .select_related("transfer")
        .annotate(change=-F("amount"))
        .order_by("-id")
    )
    if type in TYPES:
        entries = entries.filter(transfer__kind__in=TYPES[type])
    elif type == ADJUSTMENT:
        entries = entries.exclude(transfer__kind__in=list(TYPE_OF))
    if since is not None:
        entries = entries.filter(transfer__at__gte=since)
    return entries.filter(transfer__at__lt=until) if until is not None else entries


BALANCES_AFTER = """
    SELECT id, balance FROM (
        SELECT entry.id, account.balance + coalesce(
                   sum(entry.amount) OVER (ORDER BY entry.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0
               )::bigint AS balance
          FROM payments_entry AS entry JOIN payments_account AS account ON account.id = entry.account_id
         WHERE entry.account_id = %s AND entry.id >= %s
    ) AS counted WHERE id = ANY (%s)
"""


def balances_after(entries: Sequence[Entry]) -> dict[int, int]:
    """What was in the wallet right after each of these entries of one wallet, by the entry's id, in paise.

    Counted back from today's balance over what came later, once for all of them: the newest page is the cheapest.
    """
    if not entries:
        return {}
    ids = [entry.pk for entry in entries]
    with connection.cursor() as cursor:
        cursor.execute(BALANCES_AFTER, [entries[0].account_id, min(ids), ids])
        return dict(cursor.fetchall())


def escrows_behind(entries: Iterable[Entry]) -> dict[UUID, Escrow]:
    """The decided escrows that earnings and clawbacks are about, by their ids."""
    about = {TransferKind.SETTLE, TransferKind.RETURN}
    return Escrow.objects.in_bulk(entry.transfer.reference for entry in entries if entry.transfer.kind in about)
