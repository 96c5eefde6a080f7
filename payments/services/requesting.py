"""Withdrawals asked for and called back, in one transaction with the ledger; what was asked is sent after commit."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.errors import NotFound
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock, record_change
from payments.errors import BalanceTooSmall, NoBankAccount, PayoutAlreadySent, PayoutTooLarge, PayoutTooSmall
from payments.events import PayoutCancelled
from payments.models import AccountKind, BankAccount, Payout, TransferKind
from payments.models.banking import PayoutMode
from payments.runtime import PaymentSettings
from payments.selectors.available import available_of
from payments.services.holding import lock_wallet
from payments.services.limits import require_open, require_within_day
from payments.services.payout_holds import end_hold, hold_over_threshold, queue_payout
from payments.services.posting import credit, debit, post
from payments.services.withdrawing import give_back

LAKH = 10_000_000
MOST_BY_UPI, MOST_BY_IMPS = LAKH, 5 * LAKH
SMALLEST_PAYOUT = 100
"""RazorpayX sends nothing below ₹1."""


@transaction.atomic
def request_payout(*, user: User, amount: int, bank_account_id: UUID | None = None) -> Payout:
    """Take the amount out of the wallet and promise it to the bank account, or to the default one.

    :raises NotFound, NoBankAccount, BankAccountNotVerified, BankAccountCoolingOff: it has nowhere to go.
    :raises PayoutTooSmall, PayoutTooLarge, BalanceTooSmall: the amount does not do.
    :raises FirstPayoutWaiting, PayoutLimitReached: not now, or not today.
    """
    available = available_of(user.pk, lock_wallet(user.pk))
    account = _destination(user, bank_account_id)
    require_open(account)
    _require_amount(amount, available)
    mode = mode_for(account, amount)
    require_within_day(user, amount)
    payout = Payout.objects.create(user=user, bank_account=account, amount=amount, mode=mode)
    record_change(payout, action="request", by=user, role="owner")
    _reserve(payout)
    if amount > PaymentSettings.load().payout_hold_above:
        return hold_over_threshold(payout)
    return queue_payout(payout, by=None, role="system")


def _destination(user: User, bank_account_id: UUID | None) -> BankAccount:
    present = BankAccount.objects.select_for_update(of=("self",), no_key=True).filter(user=user, removed_at=None)
    wanted = {"pk": bank_account_id} if bank_account_id else {"is_default": True}
    account = present.filter(**wanted).first()
    if account is None:
        raise NotFound if bank_account_id else NoBankAccount
    return account


def _require_amount(amount: int, available: int) -> None:
    if amount > available:
        raise BalanceTooSmall(details={"available": available})
    minimum = PaymentSettings.load().minimum_withdrawal
    if amount < SMALLEST_PAYOUT or amount < min(minimum, available):
        raise PayoutTooSmall(details={"minimum": minimum})


def mode_for(account: BankAccount, amount: int) -> PayoutMode:
    """How so much goes to this account. :raises PayoutTooLarge: not at once."""
    if account.is_vpa:
        if amount > MOST_BY_UPI:
            raise PayoutTooLarge(details={"maximum": MOST_BY_UPI})
        return PayoutMode.UPI
    return PayoutMode.IMPS if amount <= MOST_BY_IMPS else PayoutMode.RTGS


def _reserve(payout: Payout) -> None:
    post(
        key=f"payout:{payout.pk}",
        kind=TransferKind.PAYOUT,
        reference=payout.pk,
        entries=[
            debit(AccountKind.WALLET, payout.amount, payout.user_id),
            credit(AccountKind.PAYOUT_PENDING, payout.amount, payout.pk),
        ],
    )


@transaction.atomic
def cancel_payout(*, payout: Payout, user: User) -> Payout:
    """Call a withdrawal back before it is sent. :raises PayoutAlreadySent: it was."""
    return call_back(lock(payout), by=user, role="owner")


@transaction.atomic
def cancel_payout_for(*, payout: Payout, operator: User, reason: str) -> Payout:
    """The same by an operator. :raises PayoutAlreadySent: it was sent."""
    record_act(actor_id=operator.pk, action="cancel_payout", target_type="payout", target_id=payout.pk, reason=reason)
    return call_back(lock(payout), by=operator, role="operator", reason=reason)


def call_back(payout: Payout, *, by: User | None, role: str, reason: str = "") -> Payout:
    """Cancel a locked withdrawal; its money returns. :raises PayoutAlreadySent: it was sent."""
    if payout.sent_at is not None:
        raise PayoutAlreadySent(details={"status": payout.status})
    changes = {"look_at": None, "failure_reason": reason[:200]}
    advance(payout, "cancel", by=by, role=role, reason=reason, changes=changes)
    end_hold(payout)
    give_back(payout)
    if payout.refund_id is not None:  # its payer hears of the refund
        return payout
    publish(PayoutCancelled(payout_id=payout.pk, user_id=payout.user_id, amount=payout.amount, by=role))
    return payout
