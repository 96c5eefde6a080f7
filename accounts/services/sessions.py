"""Signing in, staying signed in, signing out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.errors import TokenExpired, TokenRevoked
from accounts.events import SessionEnded
from accounts.models import RefreshToken, Session, SignInMethod, User
from accounts.runtime import AccountSettings
from accounts.tokens import issue_access_token, new_refresh_token, refresh_token_hash, successor_of
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import Unauthenticated
from khidma.kernel.events import publish
from khidma.kernel.states import lock


@dataclass(frozen=True)
class Tokens:
    """What a sign-in or a refresh answers; `expires_at` is that of the access token."""

    token: str
    refresh_token: str
    expires_at: datetime
    session: Session


@transaction.atomic
def begin_session(*, user: User, method: SignInMethod, device_name: str = "", address: str | None = None) -> Tokens:
    """Sign a user in on one device."""
    at = now()
    expires_at = at + _lifetime(method)
    session = Session.objects.create(
        user=user, method=method, device_name=device_name, address=address, last_used_at=at, expires_at=expires_at
    )
    User.objects.filter(pk=user.pk).update(last_active_at=at)
    user.last_active_at = at
    return _hand_out(session, new_refresh_token(), at)


def refresh_session(*, refresh_token: str) -> Tokens:
    """Exchange a refresh token for a new pair. One conditional UPDATE decides who of several callers uses it up.

    One that comes again within ten seconds (a setting) gets the same successor; one that comes later ends the session.

    :raises Unauthenticated: no such token.
    :raises TokenExpired: the session was unused for too long.
    :raises TokenRevoked: the session was ended, or is ended now because the token was used before.
    """
    with transaction.atomic():
        tokens = _rotate(refresh_token)
    if tokens is None:
        raise TokenRevoked
    return tokens


def _rotate(refresh_token: str) -> Tokens | None:
    """The new pair, or nothing when an old token came back and its session was ended."""
    found = RefreshToken.objects.filter(pk=refresh_token_hash(refresh_token)).first()
    if found is None:
        raise Unauthenticated
    at = now()
    won = RefreshToken.objects.filter(pk=found.pk, used_at__isnull=True, expires_at__gt=Now()).update(used_at=at)
    session = lock(Session, found.session_id)
    if session.ended_at is not None or not session.user.is_active:
        raise TokenRevoked
    if won:
        return _hand_out(session, successor_of(refresh_token), at)
    return _repeat(RefreshToken.objects.get(pk=found.pk), refresh_token, session)


def _repeat(used: RefreshToken, refresh_token: str, session: Session) -> Tokens | None:
    at = now()
    if used.used_at is None:
        raise TokenExpired
    if at - used.used_at > timedelta(seconds=AccountSettings.load().refresh_repeat_seconds):
        end_session(session=session, reason="refresh_token_reused")
        return None
    access = issue_access_token(user=session.user, session=session, at=at)
    return Tokens(access.token, successor_of(refresh_token), access.expires_at, session)


def _hand_out(session: Session, refresh_token: str, at: datetime) -> Tokens:
    """Store the hash of the family's next token and prolong the session."""
    expires_at = at + _lifetime(SignInMethod(session.method))
    RefreshToken.objects.create(
        token_hash=refresh_token_hash(refresh_token), session=session, created_at=at, expires_at=expires_at
    )
    Session.objects.filter(pk=session.pk).update(last_used_at=at, expires_at=expires_at)
    User.objects.filter(pk=session.user_id).update(last_active_at=at)
    access = issue_access_token(user=session.user, session=session, at=at)
    return Tokens(access.token, refresh_token, access.expires_at, session)


def _lifetime(method: SignInMethod) -> timedelta:
    settings = AccountSettings.load()
    if method == SignInMethod.PASSWORD:
        return timedelta(hours=settings.operator_session_hours)
    return timedelta(days=settings.session_days)


@transaction.atomic
def end_session(*, session: Session, reason: str) -> bool:
    """End a session and every token of it; `False` when it had ended already."""
    ended = Session.objects.filter(pk=session.pk, ended_at__isnull=True).update(ended_at=Now(), end_reason=reason)
    if ended:
        publish(SessionEnded(user_id=session.user_id, session_id=session.pk))
    return bool(ended)


@transaction.atomic
def end_sessions_of(*, user: User, reason: str) -> int:
    """End every session of a user; how many there were."""
    live = Session.objects.filter(user=user, ended_at__isnull=True).order_by("id")
    return sum(end_session(session=session, reason=reason) for session in live)


@transaction.atomic
def log_out(*, session: Session, refresh_token: str | None = None) -> None:
    """End this session; and the one of `refresh_token`, if that is the same user's."""
    end_session(session=session, reason="logged_out")
    if refresh_token:
        other = Session.objects.filter(refresh_tokens=refresh_token_hash(refresh_token), user=session.user_id).first()
        if other is not None:
            end_session(session=other, reason="logged_out")


def forget_old_sessions() -> int:
    """Delete sessions, with their tokens, thirty days after they ended or expired; how many rows went."""
    month = timedelta(days=30)
    old = Session.objects.filter(expires_at__lt=Now() - month) | Session.objects.filter(ended_at__lt=Now() - month)
    used = RefreshToken.objects.filter(expires_at__lt=Now())
    return old.delete()[0] + used.delete()[0]
