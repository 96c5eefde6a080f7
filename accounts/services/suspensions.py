"""Suspensions, written down as a fact for whoever decided them."""

from datetime import datetime

from django.db import transaction

from accounts.errors import SuspensionInvalid
from accounts.events import UserSuspended, UserUnsuspended
from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import lock


@transaction.atomic
def suspend_user(*, user: User, reason: str, until: datetime | None = None) -> User:
    """From now on the user may log in, read, appeal and export, and nothing else.

    :raises SuspensionInvalid: is suspended already.
    """
    user = lock(user)
    if user.is_suspended:
        raise SuspensionInvalid
    user.suspended_at, user.suspended_until, user.suspension_reason = now(), until, reason
    user.save(update_fields=["suspended_at", "suspended_until", "suspension_reason"])
    publish(UserSuspended(user_id=user.pk, reason=reason, until=until))
    return user


@transaction.atomic
def unsuspend_user(*, user: User) -> User:
    """Lift a suspension before its end. :raises SuspensionInvalid: is not suspended."""
    user = lock(user)
    if not user.is_suspended:
        raise SuspensionInvalid
    user.suspended_at, user.suspended_until, user.suspension_reason = None, None, ""
    user.save(update_fields=["suspended_at", "suspended_until", "suspension_reason"])
    publish(UserUnsuspended(user_id=user.pk))
    return user
