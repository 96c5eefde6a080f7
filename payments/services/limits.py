"""When a withdrawal is not yet possible: a new account cools off, first earnings wait, and each day has its limits."""

from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from khidma.kernel.clock import now
from payments.errors import (
    BankAccountCoolingOff,
    BankAccountNotVerified,
    FirstPayoutWaiting,
    PayoutLimitReached,
)
from payments.models import AccountKind, BankAccount, Entry, Payout
from payments.runtime import PaymentSettings
from payments.states import PAYOUT_OPEN, BankAccountStatus, PayoutStatus

NEVER_SENT = (PayoutStatus.CANCELLED, PayoutStatus.REJECTED)


def require_open(account: BankAccount) -> None:
    """Money goes to verified accounts that are old enough.

    :raises BankAccountNotVerified, BankAccountCoolingOff: not to this one, or not yet.
    """
    opens_at = opens_at_of(account)
    if opens_at is None:
        raise BankAccountNotVerified(details={"status": account.status})
    if now() < opens_at:
        raise BankAccountCoolingOff(details={"availableAt": _milliseconds(opens_at)})


def opens_at_of(account: BankAccount) -> datetime | None:
    """The moment from which a verified account takes money; none, while it is not verified."""
    if account.status != BankAccountStatus.VERIFIED or account.verified_at is None:
        return None
    hours = PaymentSettings.load().cooling_off_hours
    verified_at: datetime = account.verified_at
    return verified_at + timedelta(hours=hours)


def require_within_day(user: User, amount: int) -> None:
    """What a user withdraws in one day has limits, and the first money a user ever earns waits a while.

    The caller holds the wallet's lock, so that no two withdrawals share what is left of the day.
    :raises FirstPayoutWaiting, PayoutLimitReached: not yet.
    """
    _require_first_wait_over(user)
    limits, midnight = PaymentSettings.load(), _midnight()
    counted = Payout.objects.filter(user=user, refund=None, created_at__gte=midnight).exclude(status__in=NEVER_SENT)
    gone = counted.filter(status__in=[*PAYOUT_OPEN, PayoutStatus.PROCESSED]).aggregate(total=Sum("amount"))["total"]
    left = max(0, limits.daily_payout_amount - (gone or 0))
    if amount > left or counted.count() >= limits.daily_payout_count:
        resets_at = midnight + timedelta(days=1)
        raise PayoutLimitReached(
            details={
                "left": left,
                "dailyAmount": limits.daily_payout_amount,
                "dailyCount": limits.daily_payout_count,
                "availableAt": _milliseconds(resets_at),
            }
        )


def _require_first_wait_over(user: User) -> None:
    hours = PaymentSettings.load().first_payout_hours
    if not hours or Payout.objects.filter(user=user, refund=None, status=PayoutStatus.PROCESSED).exists():
        return
    earned = Entry.objects.filter(account__kind=AccountKind.WALLET, account__owner_id=user.pk, amount__lt=0)
    first_at = earned.order_by("id").values_list("transfer__at", flat=True).first()
    if first_at is not None and now() < first_at + timedelta(hours=hours):
        raise FirstPayoutWaiting(details={"availableAt": _milliseconds(first_at + timedelta(hours=hours))})


def _midnight() -> datetime:
    """The beginning of this day in India."""
    return timezone.localtime(now(), timezone.get_default_timezone()).replace(hour=0, minute=0, second=0, microsecond=0)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
