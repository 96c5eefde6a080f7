"""Weekly withdrawals by themselves: chosen by the user, made once a week, and put off while a limit forbids them."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import Refused
from khidma.kernel.events import publish
from khidma.kernel.states import lock
from payments.errors import PayoutTooSmall
from payments.events import AutoPayoutPutOff
from payments.models import AutoPayout, AutoPayoutRun, BankAccount
from payments.runtime import PaymentSettings
from payments.selectors.available import available_of
from payments.services.holding import lock_wallet
from payments.services.requesting import MOST_BY_UPI, request_payout

AT = time(9, 0)
"""The time of day in India at which weekly withdrawals are made."""

WEEK = timedelta(days=7)
PAUSE = timedelta(hours=1)
"""The pause after a try that went wrong."""


@transaction.atomic
def set_auto_payout(*, user: User, enabled: bool, weekday: int, minimum: int) -> AutoPayout:
    """Turn the weekly withdrawal on or off, with its day (ISO number) and the least that is worth it.

    :raises PayoutTooSmall: the minimum is below that of any withdrawal.
    """
    least = PaymentSettings.load().minimum_withdrawal
    if minimum < least:
        raise PayoutTooSmall(details={"minimum": least})
    lock(user)
    next_at, week = _first_time(user, weekday) if enabled else (None, None)
    auto, _ = AutoPayout.objects.update_or_create(
        user=user,
        defaults={"enabled": enabled, "weekday": weekday, "minimum": minimum, "next_at": next_at, "week": week},
    )
    return auto


def _first_time(user: User, weekday: int) -> tuple[datetime, date]:
    """The next such day whose week has had no withdrawal by itself yet."""
    today = timezone.localtime(now(), timezone.get_default_timezone())
    monday = today.date() - timedelta(days=today.isoweekday() - 1)
    while True:
        moment = datetime.combine(monday + timedelta(days=weekday - 1), AT, timezone.get_default_timezone())
        if moment > today and not AutoPayoutRun.objects.filter(user=user, week=monday).exists():
            return moment.astimezone(UTC), monday
        monday += WEEK


@transaction.atomic
def pay_out_for_week(*, auto_payout_id: UUID) -> None:
    """Make the withdrawal of the week that is due, or put it off; nothing, if somebody else is about to.

    Withdrawal, its mark on the week, and the next date are one transaction: whoever dies in it has done nothing.
    """
    due = AutoPayout.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    auto = due.select_related("user").filter(pk=auto_payout_id, enabled=True, next_at__lte=Now()).first()
    if auto is None or auto.week is None:
        return
    amount = _amount(auto)
    is_done = AutoPayoutRun.objects.filter(user=auto.user, week=auto.week).exists()
    if is_done or amount < auto.minimum or auto.user.is_suspended:
        _plan_next_week(auto)
        return
    try:
        with transaction.atomic():
            payout = request_payout(user=auto.user, amount=amount)
    except Refused as refusal:
        _put_off(auto, refusal)
    else:
        AutoPayoutRun.objects.create(user=auto.user, week=auto.week, payout=payout)
        _plan_next_week(auto)


def _amount(auto: AutoPayout) -> int:
    """All that is available, within what one withdrawal of a day may be."""
    available = available_of(auto.user_id, lock_wallet(auto.user_id))
    to_upi = BankAccount.objects.filter(user_id=auto.user_id, is_default=True, removed_at=None, ifsc="").exists()
    most = PaymentSettings.load().daily_payout_amount
    return min(available, most, MOST_BY_UPI) if to_upi else min(available, most)


def _plan_next_week(auto: AutoPayout) -> None:
    auto.next_at, auto.week = _first_time_after(auto)
    auto.save(update_fields=["next_at", "week"])


def _first_time_after(auto: AutoPayout) -> tuple[datetime, date]:
    """The next such day of a week after the one that was due."""
    moment, week = _first_time(auto.user, auto.weekday)
    if auto.week is not None and week <= auto.week:
        return moment + WEEK, week + WEEK
    return moment, week


def _put_off(auto: AutoPayout, refusal: Refused) -> None:
    """Try again when the refusal says that it ends, or else next week; the user hears of it."""
    available_at = refusal.details.get("availableAt")
    if available_at is not None:
        auto.next_at = datetime.fromtimestamp(available_at / 1000, UTC) + timedelta(minutes=1)
    else:
        auto.next_at, auto.week = _first_time_after(auto)
    auto.save(update_fields=["next_at", "week"])
    publish(AutoPayoutPutOff(user_id=auto.user_id, code=refusal.code, next_at=auto.next_at))


def auto_payouts_due() -> list[UUID]:
    """Weekly withdrawals whose time has come."""
    due = AutoPayout.objects.filter(enabled=True, next_at__lte=Now())
    return list(due.order_by("next_at").values_list("pk", flat=True)[:500])


def put_off_auto_payout(*, auto_payout_id: UUID) -> None:
    """Try later what went wrong, so that it stands in nobody's way."""
    AutoPayout.objects.filter(pk=auto_payout_id, enabled=True, next_at__lte=Now()).update(next_at=Now() + PAUSE)
