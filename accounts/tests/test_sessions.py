"""Sessions: refresh tokens that are used once, and ends that take effect at once."""

from datetime import timedelta

import pytest

from accounts import services
from accounts.errors import TokenExpired, TokenRevoked
from accounts.models import RefreshToken, Session, SignInMethod
from accounts.tests.factories import make_client
from accounts.tokens import read_access_token, refresh_token_hash
from khidma.kernel.clock import Now
from khidma.kernel.errors import Unauthenticated
from khidma.kernel.models import OutboxEvent

pytestmark = pytest.mark.django_db


def begin() -> services.Tokens:
    return services.begin_session(user=make_client(), method=SignInMethod.OTP)


def age(refresh_token: str, seconds: int) -> None:
    """Let it have been used so many seconds ago."""
    row = RefreshToken.objects.filter(pk=refresh_token_hash(refresh_token))
    row.update(used_at=Now() - timedelta(seconds=seconds))


def ends_of(session: Session) -> int:
    return OutboxEvent.objects.filter(name="accounts.SessionEnded", payload__session_id=str(session.pk)).count()


def test_a_refresh_token_is_exchanged_for_a_new_pair() -> None:
    first = begin()

    second = services.refresh_session(refresh_token=first.refresh_token)

    assert second.refresh_token != first.refresh_token
    assert read_access_token(second.token).session == first.session
    assert services.refresh_session(refresh_token=second.refresh_token).refresh_token


def test_only_hashes_of_refresh_tokens_are_stored() -> None:
    first = begin()
    second = services.refresh_session(refresh_token=first.refresh_token)

    stored = set(RefreshToken.objects.filter(session=first.session).values_list("token_hash", flat=True))

    assert stored == {refresh_token_hash(first.refresh_token), refresh_token_hash(second.refresh_token)}
    assert not stored & {first.refresh_token, second.refresh_token}


def test_the_just_used_token_gets_the_same_successor_within_ten_seconds() -> None:
    first = begin()
    second = services.refresh_session(refresh_token=first.refresh_token)
    age(first.refresh_token, 9)

    again = services.refresh_session(refresh_token=first.refresh_token)

    assert again.refresh_token == second.refresh_token
    assert read_access_token(again.token).session == first.session
    assert RefreshToken.objects.filter(session=first.session).count() == 2


def test_a_used_token_that_comes_back_later_ends_the_whole_session() -> None:
    first = begin()
    second = services.refresh_session(refresh_token=first.refresh_token)
    age(first.refresh_token, 11)

    with pytest.raises(TokenRevoked):
        services.refresh_session(refresh_token=first.refresh_token)

    with pytest.raises(TokenRevoked):
        services.refresh_session(refresh_token=second.refresh_token)
    with pytest.raises(TokenRevoked):
        read_access_token(second.token)
    first.session.refresh_from_db()
    assert first.session.end_reason == "refresh_token_reused"
    assert ends_of(first.session) == 1


def test_reuse_ends_only_its_own_session() -> None:
    first = begin()
    other = services.begin_session(user=first.session.user, method=SignInMethod.OTP)
    services.refresh_session(refresh_token=first.refresh_token)
    age(first.refresh_token, 60)

    with pytest.raises(TokenRevoked):
        services.refresh_session(refresh_token=first.refresh_token)

    assert read_access_token(other.token).session == other.session


def test_an_unknown_refresh_token_changes_nothing() -> None:
    first = begin()

    with pytest.raises(Unauthenticated) as refusal:
        services.refresh_session(refresh_token=first.refresh_token + "x")

    assert refusal.value.code == "not_authenticated"
    assert RefreshToken.objects.filter(session=first.session, used_at__isnull=True).count() == 1
    assert ends_of(first.session) == 0


def test_an_expired_refresh_token_is_refused_and_stays_unused() -> None:
    first = begin()
    RefreshToken.objects.filter(session=first.session).update(expires_at=Now())

    with pytest.raises(TokenExpired):
        services.refresh_session(refresh_token=first.refresh_token)

    assert RefreshToken.objects.filter(session=first.session, used_at__isnull=True).count() == 1


def test_logging_out_ends_access_and_refresh_and_says_so_once() -> None:
    first = begin()

    services.log_out(session=first.session)
    services.log_out(session=first.session)

    with pytest.raises(TokenRevoked):
        read_access_token(first.token)
    with pytest.raises(TokenRevoked):
        services.refresh_session(refresh_token=first.refresh_token)
    assert ends_of(first.session) == 1


def test_logging_out_with_another_users_refresh_token_leaves_that_user_in() -> None:
    mine, theirs = begin(), begin()

    services.log_out(session=mine.session, refresh_token=theirs.refresh_token)

    assert read_access_token(theirs.token).session == theirs.session
    assert ends_of(theirs.session) == 0


def test_all_sessions_of_a_user_can_be_ended_together() -> None:
    first = begin()
    second = services.begin_session(user=first.session.user, method=SignInMethod.OTP)

    assert services.end_sessions_of(user=first.session.user, reason="phone_changed") >= 2

    for tokens in (first, second):
        with pytest.raises(TokenRevoked):
            read_access_token(tokens.token)


def test_what_lost_its_meaning_a_month_ago_is_forgotten_and_nothing_else() -> None:
    old, live = begin(), begin()
    services.end_session(session=old.session, reason="logged_out")
    Session.objects.filter(pk=old.session.pk).update(ended_at=Now() - timedelta(days=31))

    services.sessions.forget_old_sessions()

    assert not Session.objects.filter(pk=old.session.pk).exists()
    assert read_access_token(live.token).session == live.session
