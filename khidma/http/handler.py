"""Whatever went wrong, as the one shape of an error."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from redis.exceptions import RedisError
from rest_framework import exceptions

from khidma.http import errors
from khidma.http.renderers import json_response
from khidma.http.serializers import flat_errors
from khidma.http.text import camel
from khidma.kernel.context import request_id
from khidma.kernel.errors import (
    Forbidden,
    Invalid,
    KhidmaError,
    Malformed,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)

logger = logging.getLogger(__name__)

COME_BACK_AT_ONCE = {
    "55P03",  # lock not available
    "40P01",  # deadlock
    "40001",  # serialization failure
}
STARTED_OVER = {"40P01", "40001"}


class InvalidFields(Invalid):
    """What serializers found wrong; its fields stand under their names of the wire already."""


OF_DRF: dict[type[exceptions.APIException], type[KhidmaError]] = {
    exceptions.ParseError: Malformed,
    exceptions.NotAuthenticated: Unauthenticated,
    exceptions.AuthenticationFailed: Unauthenticated,
    exceptions.PermissionDenied: Forbidden,
    exceptions.NotFound: NotFound,
    exceptions.MethodNotAllowed: errors.MethodNotAllowed,
    exceptions.NotAcceptable: errors.NotAcceptable,
    exceptions.UnsupportedMediaType: errors.UnsupportedMediaType,
    exceptions.Throttled: TooMany,
}
OF_DJANGO: list[tuple[type[Exception], type[KhidmaError]]] = [
    (Http404, NotFound),
    (PermissionDenied, Forbidden),
    (RequestDataTooBig, errors.PayloadTooLarge),
    (SuspiciousOperation, Malformed),
    (UnreadablePostError, Malformed),
    (RedisError, Unavailable),
]


def sqlstate(error: BaseException) -> str:
    """The five characters by which PostgreSQL names what happened, or nothing."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def refusal(error: Exception) -> KhidmaError:
    """The refusal that an exception means; a defect becomes `internal_error` and is logged."""
    if isinstance(error, KhidmaError):
        return error
    if isinstance(error, exceptions.ValidationError):
        return InvalidFields(details=flat_errors(error.detail))
    for known, meaning in [*OF_DRF.items(), *OF_DJANGO]:
        if isinstance(error, known):
            return meaning()
    if isinstance(error, DatabaseError | InterfaceError):
        return _refusal_of_database(error)
    logger.error("unhandled_error", exc_info=error)
    return KhidmaError()


def _refusal_of_database(error: Exception) -> KhidmaError:
    if isinstance(error, OperationalError | InterfaceError):
        state = sqlstate(error)
        logger.warning("database_unavailable", extra={"sqlstate": state})
        return Unavailable(retry_after=1 if state in COME_BACK_AT_ONCE else None)
    logger.error("unhandled_error", exc_info=error)
    if isinstance(error, DataError):  # the last net: a value of the caller that no column can hold
        return Invalid()
    return KhidmaError()


def error_body(error: KhidmaError) -> dict[str, Any]:
    """The envelope of an error."""
    return {
        "success": False,
        "error": {
            "code": error.code,
            "message": str(error.message),
            "details": {camel(str(name)): value for name, value in error.details.items()}
            if not isinstance(error, InvalidFields)
            else error.details,
            "requestId": request_id.get(),
        },
    }


def error_response(error: Exception) -> HttpResponse:
    """The response to a request that failed."""
    refused = refusal(error)
    headers = dict(getattr(refused, "headers", {}))
    if refused.retry_after is not None:
        headers["Retry-After"] = str(refused.retry_after)
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return json_response(error_body(refused), status=refused.status, headers=headers)


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's hook."""
    return error_response(error)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's `handler404`."""
    return error_response(NotFound())


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's `handler400`."""
    return error_response(Malformed())


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's `handler403`."""
    return error_response(Forbidden())


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`; Django has logged the exception."""
    return json_response(error_body(KhidmaError()), status=500)
