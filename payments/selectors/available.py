"""How much of a wallet may be withdrawn."""

from uuid import UUID

from django.db.models import Sum

from payments.models import Account, AccountKind, Escrow, WalletHold
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
    """What the user earned by payments that the gateway has not yet paid into our bank, in paise."""
    if not PaymentSettings.load().hold_unsettled:
        return 0
    earned = Escrow.objects.filter(
        payee_id=user_id, status=EscrowStatus.DECIDED, funded_by__settled_at=None, payee_net__gt=0
    )
    return earned.aggregate(total=Sum("payee_net"))["total"] or 0


def available_of(user_id: UUID, wallet: int) -> int:
    """What may be withdrawn of a wallet that holds this much: less what is held and what is not settled yet."""
    return max(0, wallet - held_of(user_id) - unsettled_of(user_id))
