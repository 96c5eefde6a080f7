"""Refunds that the gateway can no longer send: paid to a verified bank account of the payer instead."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.errors import NotFound
from khidma.kernel.states import advance, lock, record_change
from payments.errors import BankAccountNotVerified, NoBankAccount, ReleaseHeld
from payments.models import AccountKind, BankAccount, Payment, Payout, Refund, RefundWay, Transfer, TransferKind
from payments.runtime import PaymentSettings
from payments.selectors.chargebacks import is_disputed
from payments.services.payout_holds import hold_over_threshold, queue_payout
from payments.services.posting import credit, debit, post
from payments.services.requesting import mode_for
from payments.states import BankAccountStatus


@transaction.atomic
def pay_refund_by_bank(*, refund: Refund, operator: User, reason: str, bank_account_id: UUID | None = None) -> Payout:
    """Pay a failed refund to a bank account of the payer's, or to the default one; over the threshold two operators
    must approve the payout. If it fails, the refund has failed again: its money never comes near a wallet.

    :raises InvalidTransition: the refund has not failed.
    :raises ReleaseHeld: the bank disputes the payment.
    :raises NotFound, NoBankAccount, BankAccountNotVerified: it has nowhere to go.
    :raises PayoutTooLarge: too much for this kind of account.
    """
    payment = lock(Payment, refund.payment_id)
    refund = lock(refund)
    if is_disputed(refund.capture_id):
        raise ReleaseHeld
    changes = {"way": RefundWay.BANK, "failure_reason": "", "look_at": None}
    advance(refund, "pay_by_bank", by=operator, role="operator", reason=reason, changes=changes)
    account = _account_of(payment.payer, bank_account_id)
    payout = Payout.objects.create(
        user=payment.payer,
        bank_account=account,
        refund=refund,
        amount=refund.amount,
        mode=mode_for(account, refund.amount),
    )
    record_change(payout, action="request", by=operator, role="operator", reason=reason)
    post(
        key=_key(refund, payout),
        kind=TransferKind.REFUND_PAYOUT,
        reference=refund.pk,
        entries=[
            debit(AccountKind.REFUND_PENDING, refund.amount, payment.pk),
            credit(AccountKind.PAYOUT_PENDING, refund.amount, payout.pk),
        ],
    )
    record_act(
        actor_id=operator.pk,
        action="pay_refund_by_bank",
        target_type="refund",
        target_id=refund.pk,
        reason=reason,
        after={"payout_id": str(payout.pk), "bank_account_id": str(account.pk), "amount": refund.amount},
    )
    if payout.amount > PaymentSettings.load().payout_hold_above:
        return hold_over_threshold(payout)
    return queue_payout(payout, by=operator, role="operator")


def _account_of(payer: User, bank_account_id: UUID | None) -> BankAccount:
    present = BankAccount.objects.select_for_update(of=("self",), no_key=True).filter(user=payer, removed_at=None)
    account = present.filter(**({"pk": bank_account_id} if bank_account_id else {"is_default": True})).first()
    if account is None:
        raise NotFound if bank_account_id else NoBankAccount
    if account.status != BankAccountStatus.VERIFIED:
        raise BankAccountNotVerified(details={"status": account.status})
    return account


def _key(refund: Refund, payout: Payout) -> str:
    """The refund's own key; after a failure, a further payout of the same refund has its own."""
    first = f"refund:{refund.pk}:payout"
    return f"{first}:{payout.pk}" if Transfer.objects.filter(key=first).exists() else first
