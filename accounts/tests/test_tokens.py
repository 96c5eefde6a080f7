"""Access tokens: what they say, and every way in which one is no good."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.conf import settings

from accounts import services
from accounts.errors import TokenExpired, TokenRevoked
from accounts.models import SignInMethod, User
from accounts.tests.factories import make_client
from accounts.tokens import issue_access_token, read_access_token
from khidma.kernel.clock import now
from khidma.kernel.errors import Unauthenticated

pytestmark = pytest.mark.django_db


def begin() -> services.Tokens:
    return services.begin_session(user=make_client(), method=SignInMethod.OTP)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def signed(claims: dict[str, Any], key: str | None = None, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, settings.KHIDMA_TOKEN_KEY if key is None else key, algorithm)


def test_a_token_names_its_user_session_version_and_lives_a_quarter_of_an_hour() -> None:
    tokens = begin()

    claims = claims_of(tokens.token)

    assert (claims["iss"], claims["aud"], claims["typ"]) == ("khidma", "khidma-api", "access")
    assert claims["sub"] == str(tokens.session.user_id)
    assert claims["sid"] == str(tokens.session.pk)
    assert claims["ver"] == 1
    assert claims["exp"] - claims["iat"] <= 900
    assert claims["exp"] == int(tokens.expires_at.timestamp())


def test_reading_a_good_token_is_one_query(django_assert_num_queries: Any) -> None:
    tokens = begin()
    with django_assert_num_queries(1):
        caller = read_access_token(tokens.token)
    assert caller.user == tokens.session.user


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"typ": "refresh"},
        {"sid": "no id"},
        {"sid": 7},
        {"exp": "soon"},
        {"sub": None},
    ],
)
def test_a_token_with_another_claim_is_forged(change: dict[str, Any]) -> None:
    claims = claims_of(begin().token)
    with pytest.raises(Unauthenticated) as refusal:
        read_access_token(signed({**claims, **change}))
    assert refusal.value.code == "not_authenticated"


@pytest.mark.parametrize("claim", ["iss", "aud", "typ", "sub", "sid", "ver", "iat", "exp", "jti"])
def test_a_token_without_a_claim_is_forged(claim: str) -> None:
    claims = claims_of(begin().token)
    del claims[claim]
    with pytest.raises(Unauthenticated):
        read_access_token(signed(claims))


def test_a_token_of_another_key_algorithm_or_none_is_forged() -> None:
    claims = claims_of(begin().token)
    unsigned = jwt.encode(claims, "", "none")
    for token in (
        signed(claims, "k" * 64),
        signed(claims, "h" * 64, "HS512"),
        signed(claims, algorithm="HS512"),
        unsigned,
    ):
        with pytest.raises(Unauthenticated) as refusal:
            read_access_token(token)
        assert refusal.value.code == "not_authenticated"


@pytest.mark.parametrize("nonsense", ["", "a", "a.b.c", "é.é.é", "..", "\ud800", "x" * 10_000])
def test_nonsense_is_no_token(nonsense: str) -> None:
    with pytest.raises(Unauthenticated):
        read_access_token(nonsense)


def test_an_old_token_has_expired_by_the_databases_clock() -> None:
    session = begin().session
    old = issue_access_token(user=session.user, session=session, at=now() - timedelta(minutes=15, seconds=1))
    with pytest.raises(TokenExpired):
        read_access_token(old.token)


def test_a_token_of_no_session_of_an_older_version_or_of_a_closed_account_is_revoked() -> None:
    tokens = begin()
    with pytest.raises(TokenRevoked):
        read_access_token(signed({**claims_of(tokens.token), "sid": str(uuid4())}))
    with pytest.raises(TokenRevoked):
        read_access_token(signed({**claims_of(tokens.token), "sub": str(uuid4())}))
    User.objects.filter(pk=tokens.session.user_id).update(token_version=2)
    with pytest.raises(TokenRevoked):
        read_access_token(tokens.token)
    User.objects.filter(pk=tokens.session.user_id).update(token_version=1, is_active=False)
    with pytest.raises(TokenRevoked):
        read_access_token(tokens.token)
