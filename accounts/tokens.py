"""Access tokens (JWT, HS256) and refresh tokens (opaque, each derived from the one before)."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings

from accounts.errors import TokenExpired, TokenRevoked
from accounts.models import Session, User
from accounts.runtime import AccountSettings
from khidma.kernel.clock import Now
from khidma.kernel.errors import Unauthenticated
from khidma.kernel.ids import new_id

ISSUER = "khidma"
AUDIENCE = "khidma-api"
ACCESS = "access"
ALGORITHM = "HS256"
REQUIRED_CLAIMS = ["iss", "aud", "typ", "sub", "sid", "ver", "iat", "exp", "jti"]


@dataclass(frozen=True)
class AccessToken:
    """A token as the caller carries it, and when it expires."""

    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Caller:
    """Whoever holds a good access token, and the sign-in it belongs to."""

    user: User
    session: Session
    expires_at: datetime


def issue_access_token(*, user: User, session: Session, at: datetime) -> AccessToken:
    """A token for one session; `at` is the database's clock."""
    expires_at = (at + timedelta(seconds=AccountSettings.load().access_token_seconds)).replace(microsecond=0)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "typ": ACCESS,
        "sub": str(user.id),
        "sid": str(session.id),
        "ver": user.token_version,
        "iat": int(at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": str(new_id()),
    }
    return AccessToken(jwt.encode(claims, settings.KHIDMA_TOKEN_KEY, ALGORITHM), expires_at)


def read_access_token(token: str) -> Caller:
    """Who holds this token. One query; expiry is compared with the database's clock.

    :raises Unauthenticated: malformed or forged.
    :raises TokenExpired: good once.
    :raises TokenRevoked: its session was ended, or its version is old.
    """
    claims = _verified_claims(token)
    session: Any = Session.objects.select_related("user").annotate(clock=Now()).filter(pk=claims["sid"]).first()
    if session is None:
        raise TokenRevoked
    if claims["exp"] <= session.clock.timestamp():
        raise TokenExpired
    user = session.user
    if (
        session.ended_at is not None
        or claims["ver"] != user.token_version
        or claims["sub"] != str(user.id)
        or not user.is_active
    ):
        raise TokenRevoked
    return Caller(user=user, session=session, expires_at=datetime.fromtimestamp(claims["exp"], tz=session.clock.tzinfo))


def _verified_claims(token: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            settings.KHIDMA_TOKEN_KEY,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": REQUIRED_CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        UUID(claims["sid"])
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
        raise Unauthenticated from error
    if claims["typ"] != ACCESS or not isinstance(claims["exp"], int):
        raise Unauthenticated
    return claims


def new_refresh_token() -> str:
    """The first token of a family: 256 random bits."""
    return secrets.token_urlsafe(32)


def successor_of(refresh_token: str) -> str:
    """The one token that follows; derived, so that a repeated request gets the same and nothing is kept in clear."""
    key = hmac.new(settings.KHIDMA_TOKEN_KEY.encode(), b"refresh", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(hmac.new(key, refresh_token.encode(), hashlib.sha256).digest()).decode().rstrip("=")


def refresh_token_hash(refresh_token: str) -> str:
    """Under which a refresh token is stored; plain SHA-256 does, as the token itself is 256 random bits."""
    return hashlib.sha256(refresh_token.encode()).hexdigest()
