"""Another phone: proved by a code to the old number and one to the new."""

from django.db import IntegrityError, transaction

from accounts.errors import InvalidCode, PhoneTaken, PhoneUnchangeable
from accounts.events import PhoneChanged
from accounts.languages import chosen_languages
from accounts.models import CodePurpose, OneTimeCode, Session, User
from accounts.runtime import AccountSettings
from accounts.services.codes import count_try, is_right, issue_code, record_wrong_try, spend, withdraw_code
from accounts.services.sessions import end_session
from accounts.services.texting import text_code
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.states import lock


def send_phone_codes(*, user: User, phone: str) -> int:
    """Send one code to the user's phone and one to the new one, whoever has that; the seconds they live.

    :raises PhoneUnchangeable: the user has no phone, or this one already.
    :raises CodesLocked: too many wrong tries within the hour for one of the two.
    :raises Unavailable: no provider took the messages; both codes are dead.
    """
    if not user.phone or user.phone == phone:
        raise PhoneUnchangeable
    codes = [
        issue_code(purpose=CodePurpose.OLD_PHONE, target=user.phone, user=user),
        issue_code(purpose=CodePurpose.NEW_PHONE, target=phone, user=user),
    ]
    try:
        language = chosen_languages.of(User.objects.filter(pk=user.pk))
        for row, code in codes:
            text_code(row=row, template="phone_code", values={"code": code}, language=language)
    except Exception:
        for row, _code in codes:
            withdraw_code(row=row)
        raise
    return AccountSettings.load().code_seconds


def change_phone(*, user: User, old_code: str, new_code: str, session: Session) -> User:
    """Take the new phone, proved by both codes; every session but this one ends.

    Wrong tries are counted: whoever holds a transaction open keeps it when a code is refused.
    :raises InvalidCode: one of the two is wrong, spent, dead or too old.
    :raises PhoneTaken: another account has the new phone.
    """
    rows = _checked_codes(user, old_code, new_code)
    with transaction.atomic():
        for row in rows:
            spend(row=row)
        user = lock(user)
        user.phone, user.phone_verified_at = rows[1].target, now()
        _save_phone(user)
        for other in Session.objects.filter(user=user, ended_at__isnull=True).exclude(pk=session.pk).order_by("id"):
            end_session(session=other, reason="phone_changed")
        publish(PhoneChanged(user_id=user.pk))
    return user


def _checked_codes(user: User, old_code: str, new_code: str) -> list[OneTimeCode]:
    """The two live rows whose codes these are; both are tried, so that neither tells of the other."""
    wanted = (
        OneTimeCode.objects.filter(
            purpose=CodePurpose.NEW_PHONE, user=user, ended_at__isnull=True, expires_at__gt=Now()
        )
        .order_by("-created_at", "-id")
        .first()
    )
    targets = [(CodePurpose.OLD_PHONE, user.phone or "", old_code)]
    if wanted is not None:
        targets.append((CodePurpose.NEW_PHONE, wanted.target, new_code))
    right: list[OneTimeCode] = []
    for purpose, target, code in targets:
        row = count_try(purpose=purpose, target=target)
        if is_right(row=row, code=code) and row is not None and row.user_id == user.pk:
            right.append(row)
        else:
            record_wrong_try(target=target)
    if len(right) != 2:
        raise InvalidCode
    return right


def _save_phone(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(update_fields=["phone", "phone_verified_at"])
    except IntegrityError as error:
        raise PhoneTaken from error
