"""Many callers at the same moment: one winner."""

from accounts import services
from accounts.errors import InvalidCode, TokenRevoked
from accounts.models import CodePurpose, RefreshToken, Session, SignInMethod, User
from accounts.services.codes import issue_code
from accounts.tests.factories import make_client, next_phone
from khidma.kernel.models import OutboxEvent
from khidma.tests.races import at_once

CALLERS = 20


def test_twenty_callers_refresh_one_token_and_get_one_successor(committed_db: None) -> None:
    first = services.begin_session(user=make_client(), method=SignInMethod.OTP)

    answers = at_once(*[lambda: services.refresh_session(refresh_token=first.refresh_token)] * CALLERS)

    assert {answer.refresh_token for answer in answers} == {answers[0].refresh_token}
    assert RefreshToken.objects.filter(session=first.session).count() == 2
    assert RefreshToken.objects.filter(session=first.session, used_at__isnull=True).count() == 1
    first.session.refresh_from_db()
    assert first.session.ended_at is None


def test_twenty_callers_bring_an_old_token_and_the_session_ends_once(committed_db: None) -> None:
    first = services.begin_session(user=make_client(), method=SignInMethod.OTP)
    second = services.refresh_session(refresh_token=first.refresh_token)
    RefreshToken.objects.filter(used_at__isnull=False).update(used_at=first.session.created_at.replace(year=2020))

    answers = at_once(*[lambda: services.refresh_session(refresh_token=first.refresh_token)] * CALLERS)

    assert {type(answer) for answer in answers} == {TokenRevoked}
    assert OutboxEvent.objects.filter(name="accounts.SessionEnded").count() == 1
    assert RefreshToken.objects.filter(session=second.session).count() == 2


def test_twenty_callers_verify_one_code_and_one_signs_in(committed_db: None) -> None:
    phone = next_phone()
    _, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)

    answers = at_once(*[lambda: services.sign_in(phone=phone, code=code)] * CALLERS)

    winners = [answer for answer in answers if isinstance(answer, services.SignedIn)]
    assert len(winners) == 1
    assert {type(answer) for answer in answers if answer not in winners} == {InvalidCode}
    assert User.objects.filter(phone=phone).count() == 1
    assert Session.objects.filter(user__phone=phone).count() == 1


def test_twenty_wrong_guesses_at_once_are_no_more_than_five_tries(committed_db: None) -> None:
    phone = next_phone()
    row, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    answers = at_once(*[lambda: services.sign_in(phone=phone, code=wrong)] * CALLERS)

    row.refresh_from_db()
    assert {type(answer) for answer in answers} == {InvalidCode}
    assert row.tries == 5
    assert not User.objects.filter(phone=phone).exists()


def test_twenty_requests_for_a_code_leave_one_live(committed_db: None) -> None:
    phone = next_phone()

    answers = at_once(*[lambda: issue_code(purpose=CodePurpose.SIGN_IN, target=phone)] * CALLERS)

    assert not [answer for answer in answers if isinstance(answer, Exception)]
    live = [code for row, code in answers if type(row).objects.filter(pk=row.pk, ended_at__isnull=True).exists()]
    assert len(live) == 1
    assert services.sign_in(phone=phone, code=live[0]).is_new_user
