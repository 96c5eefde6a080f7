"""Log in or register with a phone and a code sent to it; confirm an e-mail in the same way."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.errors import EmailMissing, InvalidCode
from accounts.events import UserRegistered
from accounts.languages import chosen_languages
from accounts.models import CodePurpose, SignInMethod, User
from accounts.runtime import AccountSettings
from accounts.services.codes import count_try, is_right, issue_code, record_wrong_try, spend, withdraw_code
from accounts.services.sessions import Tokens, begin_session
from accounts.services.texting import text_code
from khidma.delivery.deliver import send_email
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish


@dataclass(frozen=True)
class SignedIn:
    """A sign-in, and whether it made the account."""

    user: User
    tokens: Tokens
    is_new_user: bool


def send_sign_in_code(*, phone: str) -> int:
    """Send a login code by SMS, known phone or not; the seconds it lives. Its row is committed first.

    It is in the language that the phone's user chose, else in the request's.

    :raises CodesLocked: too many wrong tries within the hour.
    :raises Unavailable: no provider took the message; the code is dead.
    """
    row, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
    values = {"code": code, "minutes": AccountSettings.load().code_seconds // 60}
    try:
        language = chosen_languages.of(User.objects.filter(phone=phone))
        text_code(row=row, template="login_code", values=values, language=language)
    except Exception:
        withdraw_code(row=row)
        raise
    return AccountSettings.load().code_seconds


def sign_in(*, phone: str, code: str, device_name: str = "", address: str | None = None) -> SignedIn:
    """Log in with the code of a phone; a phone that nobody has yet gets an account.

    Opens its own transactions, so that a wrong try stays counted.
    :raises InvalidCode: wrong, spent, dead or too old.
    :raises CodesLocked: too many wrong tries within the hour.
    """
    row = count_try(purpose=CodePurpose.SIGN_IN, target=phone)
    right = is_right(row=row, code=code)
    if row is None or not right:
        record_wrong_try(target=phone)
        raise InvalidCode
    with transaction.atomic():
        spend(row=row)
        user, is_new_user = _user_of_phone(phone)
        tokens = begin_session(user=user, method=SignInMethod.OTP, device_name=device_name, address=address)
    return SignedIn(user=user, tokens=tokens, is_new_user=is_new_user)


def _user_of_phone(phone: str) -> tuple[User, bool]:
    """The account of a phone that has just been proved. :raises InvalidCode: it is an operator's, or closed."""
    user = User.objects.filter(phone=phone).first()
    if user is None:
        user = User(phone=phone, phone_verified_at=now())
        user.set_unusable_password()
        user.save(force_insert=True)
        publish(UserRegistered(user_id=user.id))
        return user, True
    if user.is_staff or not user.is_active:
        raise InvalidCode
    if user.phone_verified_at is None:
        User.objects.filter(pk=user.pk).update(phone_verified_at=Now())
        user.refresh_from_db(fields=["phone_verified_at"])
    return user, False


def send_email_code(*, user: User) -> int:
    """Send a code to the user's own, not yet confirmed e-mail; the seconds it lives.

    :raises EmailMissing: there is none, or it is confirmed.
    """
    if not user.email or user.email_verified_at:
        raise EmailMissing
    row, code = issue_code(purpose=CodePurpose.EMAIL, target=user.email, user=user)
    values = {"code": code, "minutes": AccountSettings.load().code_seconds // 60}
    try:
        with override(chosen_languages.of(User.objects.filter(pk=user.pk))):
            subject = _("Confirm your e-mail address")
            body = _("%(code)s is your Khidma code. It is good for %(minutes)d minutes. Never share it.") % values
        send_email(to=user.email, subject=subject, body=body, key=f"code:{row.pk}")
    except Exception:
        withdraw_code(row=row)
        raise
    return AccountSettings.load().code_seconds


def verify_email(*, user: User, code: str) -> User:
    """Confirm the user's e-mail with the code sent to it.

    :raises EmailMissing: there is none, or it is confirmed.
    :raises InvalidCode: wrong, spent, dead, too old, or another user's.
    """
    if not user.email or user.email_verified_at:
        raise EmailMissing
    row = count_try(purpose=CodePurpose.EMAIL, target=user.email)
    right = is_right(row=row, code=code)
    if row is None or row.user_id != user.id or not right:
        record_wrong_try(target=user.email)
        raise InvalidCode
    with transaction.atomic():
        spend(row=row)
        User.objects.filter(pk=user.pk, email=user.email).update(email_verified_at=Now())
    user.refresh_from_db()
    return user
