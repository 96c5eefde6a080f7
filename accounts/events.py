"""What accounts announces."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from khidma.kernel.events import Event


@dataclass(frozen=True)
class UserRegistered(Event):
    """A phone logged in for the first time, or an operator made the account."""

    user_id: UUID


@dataclass(frozen=True)
class ProfileCompleted(Event):
    """The user can now do what at least one of their roles does. Published once."""

    user_id: UUID


@dataclass(frozen=True)
class RolesChanged(Event):
    """`roles`: those held from now on, among doer and client."""

    user_id: UUID
    roles: list[str]


@dataclass(frozen=True)
class PhoneChanged(Event):
    """The user has another phone; their other sessions were ended."""

    user_id: UUID


@dataclass(frozen=True)
class SessionEnded(Event):
    """Logged out, ended from another device, or a refresh token was used twice."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True)
class UserSuspended(Event):
    """`until` is empty where the suspension has no end."""

    user_id: UUID
    reason: str
    until: datetime | None


@dataclass(frozen=True)
class UserUnsuspended(Event):
    """The suspension was lifted before its end."""

    user_id: UUID


@dataclass(frozen=True)
class UserBlocked(Event):
    """`user_id` wants nothing to do with `blocked_id` any more."""

    user_id: UUID
    blocked_id: UUID
