"""How much of a wallet may be withdrawn."""

from uuid import UUID

from django.db.models import Sum

from payments.models import Account, AccountKind, WalletHold


def wallet_of(user_id: UUID) -> int:
    """What the platform owes the user, in paise."""
    return (
        Account.objects.filter(kind=AccountKind.WALLET, owner_id=user_id).values_list("balance", flat=True).first() or 0
    )


def held_of(user_id: UUID) -> int:
    """What live holds keep back, in paise; it may be more than there is."""
    live = WalletHold.objects.filter(user_id=user_id, released_at=None)
    return live.aggregate(total=Sum("amount"))["total"] or 0


def available_of(user_id: UUID, wallet: int) -> int:
    """What may be withdrawn of a wallet that holds this much: less what is held."""
    return max(0, wallet - held_of(user_id))
