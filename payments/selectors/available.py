"""How much of a wallet may be withdrawn."""

from uuid import UUID

from django.db.models import Sum

from payments.models import Account, AccountKind, Entry, Escrow, TransferKind, WalletHold
from payments.runtime import PaymentSettings
from payments.states import EscrowStatus


def wallet_of(user_id: UUID) -> int:
    """What the platform owes the user, in paise."""
    return (
        Account.objects.filter(kind=AccountKind.WALLET, owner_id=user_id).values_list("balance", flat=True).first() or 0
    )


def held_of(user_id: UUID) -> int:
    """What live holds keep back, in paise; it may be more than there is."""
    live = WalletHold.objects.filter(user_id=user_id, released_at=None)
    return live.aggregate(total=Sum("amount"))["total"] or 0


def unsettled_of(user_id: UUID) -> int:
    """What the wallet got by payments that the gateway has not yet paid into our bank, in paise: less what paid a debt
    as it came, and what was given back since."""
    if not PaymentSettings.load().hold_unsettled:
        return 0
    earned = Escrow.objects.filter(
        payee_id=user_id, status=EscrowStatus.DECIDED, funded_by__settled_at=None, payee_net__gt=0
    )
    given_back = dict(earned.values_list("pk").annotate(Sum("returns__taken")))
    came = Entry.objects.filter(
        account__kind=AccountKind.WALLET, transfer__kind=TransferKind.SETTLE, transfer__reference__in=list(given_back)
    )
    return sum(
        max(0, -amount - (given_back[escrow_id] or 0))
        for escrow_id, amount in came.values_list("transfer__reference", "amount")
    )


def available_of(user_id: UUID, wallet: int) -> int:
    """What may be withdrawn of a wallet that holds this much: less what is held and what is not settled yet."""
    return max(0, wallet - held_of(user_id) - unsettled_of(user_id))
