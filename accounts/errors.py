"""Every way accounts says no."""

from django.utils.translation import gettext_lazy as _

from khidma.http.errors import AccountSuspended, ProfileIncomplete, RoleRequired
from khidma.kernel.errors import Refused, TooMany, Unauthenticated

__all__ = [
    "AccountSuspended",
    "AlreadyVerified",
    "CannotBlockOneself",
    "CodesLocked",
    "EmailMissing",
    "EmailTaken",
    "InvalidCode",
    "InvalidCredentials",
    "PhoneTaken",
    "PhoneUnchangeable",
    "ProfileIncomplete",
    "RoleRequired",
    "SuspensionInvalid",
    "TokenExpired",
    "TokenRevoked",
    "TotpRequired",
    "VerificationWaiting",
    "ZoneNameTaken",
]


class TokenExpired(Unauthenticated):
    """The token was good once."""

    code = "token_expired"
    message = _("Your sign-in has expired.")


class TokenRevoked(Unauthenticated):
    """The session was ended, or the token is older than the last change that ends tokens."""

    code = "token_revoked"
    message = _("You were signed out. Please log in again.")


class InvalidCode(Unauthenticated):
    """The code is wrong, spent, dead or too old; which of them is not told."""

    code = "invalid_otp"
    message = _("The code is wrong or has expired.")


class CodesLocked(TooMany):
    """Too many wrong codes for this phone or address within an hour."""

    code = "otp_locked"
    message = _("Too many wrong codes. Please try again later.")


class InvalidCredentials(Unauthenticated):
    """E-mail, password or second factor are wrong; which of them is not told."""

    code = "invalid_credentials"
    message = _("E-mail or password is wrong.")


class TotpRequired(Unauthenticated):
    """The operator has enrolled a second factor and did not give its code."""

    code = "totp_required"
    message = _("Please enter the code of your authenticator app.")


class EmailTaken(Refused):
    """Another account has this e-mail."""

    code = "email_taken"
    message = _("Another account uses this e-mail address.")


class PhoneTaken(Refused):
    """Another account has this phone."""

    code = "phone_taken"
    message = _("Another account uses this phone number.")


class PhoneUnchangeable(Refused):
    """The user has no phone to change, or has this one already."""

    code = "phone_unchanged"
    message = _("This is your phone number already.")


class EmailMissing(Refused):
    """There is no e-mail to confirm, or it is confirmed already."""

    code = "email_not_pending"
    message = _("There is no e-mail address to confirm.")


class CannotBlockOneself(Refused):
    """Blocker and blocked are the same user."""

    code = "cannot_block_yourself"
    message = _("You cannot block yourself.")


class SuspensionInvalid(Refused):
    """Already suspended, or not suspended."""

    code = "invalid_transition"
    message = _("The account's suspension does not allow this.")


class VerificationWaiting(Refused):
    """An operator is looking at a document of this user."""

    code = "verification_pending"
    message = _("Your last document is still being checked.")


class AlreadyVerified(Refused):
    """The user's identity is verified."""

    code = "already_verified"
    message = _("Your identity is verified already.")


class ZoneNameTaken(Refused):
    """The city has a zone of this name."""

    code = "zone_name_taken"
    message = _("This city has a zone of this name already.")
