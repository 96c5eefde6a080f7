"""Reads of accounts: what an actor may see of users, sessions and blocks."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Block, Session, User, Verification
from khidma.kernel.clock import Now
from khidma.kernel.errors import NotFound
from khidma.media.selectors import files_of


def get_public_user(user_id: UUID) -> User:
    """A user as anybody may see them; operators and closed accounts have no public profile.

    :raises NotFound: no such one.
    """
    user = User.objects.filter(pk=user_id, is_active=True, is_staff=False).first()
    if user is None:
        raise NotFound
    return user


def list_sessions_for(user: User) -> QuerySet[Session]:
    """The user's live sessions, the one used last first."""
    return Session.objects.filter(user=user, ended_at__isnull=True, expires_at__gt=Now()).order_by(
        "-last_used_at", "-id"
    )


def get_session_for(user: User, session_id: UUID) -> Session:
    """One live session of this user. :raises NotFound: not theirs, or over."""
    session = list_sessions_for(user).filter(pk=session_id).first()
    if session is None:
        raise NotFound
    return session


def list_blocked_users_for(user: User) -> QuerySet[User]:
    """Whom this user has blocked, the latest first."""
    return User.objects.filter(blocks_received__blocker=user).order_by("-blocks_received__created_at", "-id")


def is_blocked_between(first_id: UUID, second_id: UUID) -> bool:
    """Whether either of the two has blocked the other."""
    from_first = User.objects.filter(pk=first_id, blocks_made__blocked=second_id)
    from_second = User.objects.filter(pk=second_id, blocks_made__blocked=first_id)
    return from_first.exists() or from_second.exists()


def is_blocked_among(user_ids: Collection[UUID] | QuerySet[Any, Any]) -> bool:
    """Whether any of these users has blocked another of them; ids, or a query for them."""
    return Block.objects.filter(blocker__in=user_ids, blocked__in=user_ids).exists()


def reads_everything(user: User) -> bool:
    """Whether this is an operator whose work is to read what users wrote and sent to each other."""
    return not {"support", "trust"}.isdisjoint(user.operator_permissions)


def list_verifications_of(user: User) -> QuerySet[Verification]:
    """The checks of this user's identity, the latest first, each with its document."""
    return Verification.objects.filter(user=user).annotate(files=files_of("verification")).order_by("-id")


def get_last_verification_of(user: User) -> Verification:
    """The latest one. :raises NotFound: the user never asked for one."""
    verification = list_verifications_of(user).first()
    if verification is None:
        raise NotFound
    return verification
