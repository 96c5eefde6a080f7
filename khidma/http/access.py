"""Who may call an operation at all; what they may do with one object is decided by the app."""

from typing import Any

from khidma.http.errors import AccountSuspended, ProfileIncomplete, RoleRequired
from khidma.http.fields import milliseconds
from khidma.http.operations import SAFE_METHODS, Operation
from khidma.kernel.errors import Forbidden, Unauthenticated


def require_known(operation: Operation, user: Any) -> None:
    """:raises Unauthenticated: the operation is not for strangers, and this is one."""
    if operation.access not in {"public", "optional"} and not user.is_authenticated:
        raise Unauthenticated


def require_allowed(operation: Operation, user: Any, method: str) -> None:
    """:raises AccountSuspended, RoleRequired, Forbidden: the caller is known but may not."""
    if operation.access == "public" or not user.is_authenticated:
        return
    if method not in SAFE_METHODS and not operation.open_to_suspended and user.is_suspended:
        until = getattr(user, "suspended_until", None)
        reason = getattr(user, "suspension_reason", "")
        raise AccountSuspended(details={"reason": reason, "until": milliseconds(until) if until else None})
    if operation.access in {"client", "doer"} and not getattr(user, f"is_{operation.access}"):
        raise _without_role(operation.access, user, method)
    if operation.access == "staff":
        _require_operator(operation, user)


def _without_role(role: str, user: Any, method: str) -> Forbidden:
    """Who has chosen no role yet and wants to do something is asked to complete the profile; others need the role."""
    if method not in SAFE_METHODS and not (user.is_client or user.is_doer or user.is_staff):
        return ProfileIncomplete(details={"missing": ["roles"]})
    return RoleRequired(details={"role": role})


def _require_operator(operation: Operation, user: Any) -> None:
    if not user.is_staff:
        raise Forbidden
    if operation.permission and operation.permission not in user.operator_permissions:
        raise Forbidden(details={"permission": operation.permission})
