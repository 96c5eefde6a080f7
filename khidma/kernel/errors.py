"""Every way Khidma says no: an error is the sentence that is false, with a stable code and a status."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


class KhidmaError(Exception):
    """Base of all refusals. Subclasses fix `code` and `message`; `details` carries figures that help the caller."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    message: StrOrPromise = _("Something went wrong on our side. Please try again.")
    retry_after: int | None = None

    def __init__(
        self,
        message: StrOrPromise | None = None,
        *,
        details: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.message = message or type(self).message
        self.details = details or {}
        self.retry_after = retry_after if retry_after is not None else type(self).retry_after
        super().__init__(self.code)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Invalid(KhidmaError):
    """The request holds a wrong value; `details` maps field names (camelCase) to what is wrong with them."""

    status = 400
    code = "validation_error"
    message = _("Some values are not right.")


class Malformed(KhidmaError):
    """The request cannot be parsed."""

    status = 400
    code = "malformed_request"
    message = _("The request could not be read.")


class Unauthenticated(KhidmaError):
    """Nobody knows who is calling."""

    status = 401
    code = "not_authenticated"
    message = _("Please log in.")


class Forbidden(KhidmaError):
    """Known, but not allowed."""

    status = 403
    code = "permission_denied"
    message = _("You may not do this.")


class NotFound(KhidmaError):
    """No such thing, or none that the caller may know of."""

    status = 404
    code = "not_found"
    message = _("Not found.")


class Refused(KhidmaError):
    """The present state forbids it."""

    status = 409
    code = "invalid_transition"
    message = _("This is not possible in the present state.")


class InvalidTransition(Refused):
    """The table of states has no such step from here."""


class TooMany(KhidmaError):
    """A limit was hit; `retry_after` says when to come back, in seconds."""

    status = 429
    code = "rate_limited"
    message = _("Too many requests. Please wait a little.")


class GatewayUnavailable(KhidmaError):
    """The payment gateway cannot be reached; nothing was half done."""

    status = 502
    code = "gateway_unavailable"
    message = _("The payment gateway does not answer. Please try again in a minute.")
    retry_after = 30


class Unavailable(KhidmaError):
    """Database, cache or a provider cannot be reached; nothing was half done."""

    status = 503
    code = "service_unavailable"
    message = _("We cannot do this at the moment. Please try again in a minute.")
    retry_after = 5


def catalogue() -> dict[str, type[KhidmaError]]:
    """Every code with the class that gives it, for the API's document."""
    found: dict[str, type[KhidmaError]] = {}
    waiting: list[type[KhidmaError]] = [KhidmaError]
    while waiting:
        error = waiting.pop(0)
        found.setdefault(error.code, error)
        waiting.extend(error.__subclasses__())
    return dict(sorted(found.items()))
