"""Reads of bank accounts and withdrawals."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from khidma.kernel.errors import NotFound
from payments.models import BankAccount, Payout, PayoutHold


def list_bank_accounts_for(actor: User) -> QuerySet[BankAccount]:
    """The actor's accounts, the default one first."""
    return BankAccount.objects.filter(user=actor, removed_at=None).order_by("-is_default", "-id")


def get_bank_account_for(actor: User, bank_account_id: UUID) -> BankAccount:
    """One account of the actor's. :raises NotFound: no such account, or somebody else's, or removed."""
    account = list_bank_accounts_for(actor).filter(pk=bank_account_id).first()
    if account is None:
        raise NotFound
    return account


def list_payouts_for(actor: User) -> QuerySet[Payout]:
    """The actor's withdrawals, newest first."""
    return Payout.objects.filter(user=actor, refund=None).select_related("bank_account").order_by("-id")


def get_payout_for(actor: User, payout_id: UUID) -> Payout:
    """One withdrawal of the actor's. :raises NotFound: no such withdrawal, or somebody else's."""
    payout = list_payouts_for(actor).filter(pk=payout_id).first()
    if payout is None:
        raise NotFound
    return payout


def list_all_payouts(
    *, status: list[str] | None = None, user_id: UUID | None = None, amount_min: int | None = None
) -> QuerySet[Payout]:
    """Everybody's withdrawals for operators, newest first, each with its live hold as `live_holds`."""
    live = PayoutHold.objects.filter(ended_at=None)
    payouts = Payout.objects.select_related("bank_account", "user").prefetch_related(
        Prefetch("holds", queryset=live, to_attr="live_holds")
    )
    if status:
        payouts = payouts.filter(status__in=status)
    if user_id:
        payouts = payouts.filter(user_id=user_id)
    if amount_min:
        payouts = payouts.filter(amount__gte=amount_min)
    return payouts.order_by("-id")


def get_payout(payout_id: UUID) -> Payout:
    """Anybody's withdrawal for operators. :raises NotFound: no such withdrawal."""
    payout = list_all_payouts().filter(pk=payout_id).first()
    if payout is None:
        raise NotFound
    return payout
