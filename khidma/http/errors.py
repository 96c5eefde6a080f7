"""What HTTP itself refuses, before any app is asked."""

from django.utils.translation import gettext_lazy as _

from khidma.kernel.errors import Forbidden, KhidmaError, Refused


class MethodNotAllowed(KhidmaError):
    """The address exists, the method does not."""

    status = 405
    code = "method_not_allowed"
    message = _("This address does not know that method.")


class NotAcceptable(KhidmaError):
    """The caller accepts no JSON."""

    status = 406
    code = "not_acceptable"
    message = _("Answers are JSON.")


class PayloadTooLarge(KhidmaError):
    """The body is larger than the operation allows."""

    status = 413
    code = "payload_too_large"
    message = _("The body is too large.")


class UnsupportedMediaType(KhidmaError):
    """The body has a type that the operation does not read."""

    status = 415
    code = "unsupported_media_type"
    message = _("Send the body as application/json.")


class RoleRequired(Forbidden):
    """The caller lacks the role of client or doer."""

    code = "role_required"
    message = _("You need another role for this.")


class ProfileIncomplete(Forbidden):
    """`details.missing` names what is still to be filled in (camelCase)."""

    code = "profile_incomplete"
    message = _("Please complete your profile first.")


class AccountSuspended(Forbidden):
    """The caller's account is suspended: reading, support, appeals and exports stay open."""

    code = "account_suspended"
    message = _("Your account is suspended.")


class IdempotencyConflict(Refused):
    """The idempotency key was used with another body, or its first use has not ended."""

    code = "idempotency_conflict"
    message = _("This idempotency key was already used for another request.")
