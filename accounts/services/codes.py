"""One-time codes: made, counted, compared, spent."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from accounts.errors import CodesLocked, InvalidCode
from accounts.models import CodePurpose, OneTimeCode, User, WrongCode
from accounts.runtime import AccountSettings
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import TooMany

HOUR = timedelta(hours=1)


@transaction.atomic
def issue_code(*, purpose: CodePurpose, target: str, user: User | None = None) -> tuple[OneTimeCode, str]:
    """A new live code for this target and purpose; an older one is dead from now on.

    :raises CodesLocked: too many wrong tries within the hour.
    """
    _hold(target)
    refuse_locked(target=target)
    OneTimeCode.objects.filter(purpose=purpose, target=target, ended_at__isnull=True).update(ended_at=Now())
    code = f"{secrets.randbelow(1_000_000):06d}"
    row = OneTimeCode(purpose=purpose, target=target, user=user)
    row.code_hash = _code_hash(row, code)
    row.expires_at = now() + timedelta(seconds=AccountSettings.load().code_seconds)
    row.save(force_insert=True)
    return row, code


def withdraw_code(*, row: OneTimeCode) -> None:
    """End a code that could not be sent."""
    OneTimeCode.objects.filter(pk=row.pk, ended_at__isnull=True).update(ended_at=Now())


def count_try(*, purpose: CodePurpose, target: str) -> OneTimeCode | None:
    """Count a try of the live code, in a transaction of its own and before anything is compared; it, if there is one.

    :raises CodesLocked: too many wrong tries within the hour.
    """
    with transaction.atomic():
        _hold(target)
        refuse_locked(target=target)
        live = OneTimeCode.objects.filter(
            purpose=purpose,
            target=target,
            ended_at__isnull=True,
            expires_at__gt=Now(),
            tries__lt=AccountSettings.load().code_tries,
        )
        row = live.first()
        return row if row is not None and live.filter(pk=row.pk).update(tries=F("tries") + 1) else None


def is_right(*, row: OneTimeCode | None, code: str) -> bool:
    """Compare in constant time, and take the same time where there is no code."""
    expected = row.code_hash if row is not None else "0" * 64
    given = _code_hash(row or OneTimeCode(), code)
    return hmac.compare_digest(expected, given)


def spend(*, row: OneTimeCode) -> None:
    """Use the code up; the one conditional UPDATE that succeeds wins. :raises InvalidCode: somebody else was faster."""
    spent = OneTimeCode.objects.filter(pk=row.pk, ended_at__isnull=True, expires_at__gt=Now()).update(ended_at=Now())
    if not spent:
        raise InvalidCode


def record_wrong_try(*, target: str) -> None:
    """Count a wrong try against the target, for good."""
    WrongCode.objects.create(target=target)


def refuse_locked(*, target: str, error: type[TooMany] = CodesLocked) -> None:
    """:raises TooMany: the given one, with the seconds until the oldest of the counted tries is an hour old."""
    most = AccountSettings.load().wrong_codes_per_hour
    recent = WrongCode.objects.filter(target=target, created_at__gt=Now() - HOUR).order_by("-created_at")
    moments = list(recent.values_list("created_at", flat=True)[:most])
    if len(moments) >= most:
        raise error(retry_after=max(1, int((moments[-1] + HOUR - now()).total_seconds())))


def forget_old_codes() -> int:
    """Delete codes and wrong tries a day after they lost their meaning; how many rows went."""
    day = timedelta(days=1)
    codes, _ = OneTimeCode.objects.filter(expires_at__lt=Now() - day).delete()
    tries, _ = WrongCode.objects.filter(created_at__lt=Now() - day).delete()
    return codes + tries


def _code_hash(row: OneTimeCode, code: str) -> str:
    """Bound to its row, purpose and target; the pepper is kept outside the database."""
    text = "\0".join((str(row.pk), row.purpose, row.target, code))
    return hmac.new(settings.KHIDMA_OTP_PEPPER.encode(), text.encode(), hashlib.sha256).hexdigest()


def _hold(target: str) -> None:
    """Let one transaction at a time deal with this target's codes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"code:{target}"])
