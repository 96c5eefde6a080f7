"""Codes by SMS: sent, counted, compared, spent; and the accounts they open."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from accounts import services
from accounts.errors import CodesLocked, InvalidCode
from accounts.models import CodePurpose, OneTimeCode, Session, User, WrongCode
from accounts.services.codes import issue_code
from accounts.tests.factories import PASSWORD, make_client, make_operator, next_phone
from khidma.delivery.models import OutboxMessage
from khidma.kernel.clock import Now
from khidma.kernel.models import OutboxEvent

pytestmark = pytest.mark.django_db


def sent_code(phone: str) -> str:
    """The code in the latest SMS to a phone."""
    message = OutboxMessage.objects.filter(to=phone).latest("created_at")
    found = re.search(r"\b\d{6}\b", message.body)
    assert found is not None
    return found[0]


def a_wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_phone_and_the_code_sent_to_it_make_an_account_and_a_session() -> None:
    phone = next_phone()
    assert services.send_sign_in_code(phone=phone) == 300

    signed_in = services.sign_in(phone=phone, code=sent_code(phone), device_name="Pixel", address="203.0.113.9")

    user = User.objects.get(phone=phone)
    assert signed_in.is_new_user
    assert signed_in.user == user
    assert (user.name, user.email, user.year, user.roles, user.trust_score) == ("", None, None, [], 50)
    assert user.is_phone_verified
    session = Session.objects.get(user=user)
    assert (session.device_name, session.address, session.ended_at) == ("Pixel", "203.0.113.9", None)
    assert OutboxEvent.objects.filter(name="accounts.UserRegistered", payload__user_id=str(user.pk)).count() == 1


def test_the_same_phone_logs_in_again_without_a_new_account() -> None:
    user = make_client()
    assert user.phone
    services.send_sign_in_code(phone=user.phone)

    signed_in = services.sign_in(phone=user.phone, code=sent_code(user.phone))

    assert not signed_in.is_new_user
    assert signed_in.user == user
    assert Session.objects.filter(user=user).count() == 2


def test_a_code_is_kept_as_a_keyed_hash_that_no_other_row_shares() -> None:
    phone = next_phone()
    row, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
    again, _ = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)

    assert code not in row.code_hash
    assert len(row.code_hash) == 64
    assert row.code_hash != again.code_hash


def test_a_new_code_kills_the_one_before() -> None:
    phone = next_phone()
    _, first = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
    _, second = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)

    if first != second:
        with pytest.raises(InvalidCode):
            services.sign_in(phone=phone, code=first)
    assert services.sign_in(phone=phone, code=second).is_new_user
    assert OneTimeCode.objects.filter(target=phone, ended_at__isnull=True).count() == 0


def test_a_spent_code_opens_nothing_more() -> None:
    phone = next_phone()
    _, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
    services.sign_in(phone=phone, code=code)

    with pytest.raises(InvalidCode):
        services.sign_in(phone=phone, code=code)

    assert Session.objects.filter(user__phone=phone).count() == 1


def test_a_wrong_code_is_counted_and_makes_neither_account_nor_session() -> None:
    phone = next_phone()
    row, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)

    with pytest.raises(InvalidCode):
        services.sign_in(phone=phone, code=a_wrong(code))

    row.refresh_from_db()
    assert (row.tries, row.ended_at) == (1, None)
    assert WrongCode.objects.filter(target=phone).count() == 1
    assert not User.objects.filter(phone=phone).exists()


def test_after_five_tries_even_the_right_code_is_dead() -> None:
    phone = next_phone()
    _, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
    for _attempt in range(5):
        with pytest.raises(InvalidCode):
            services.sign_in(phone=phone, code=a_wrong(code))

    with pytest.raises(InvalidCode):
        services.sign_in(phone=phone, code=code)

    assert not User.objects.filter(phone=phone).exists()


def test_an_expired_code_opens_nothing() -> None:
    phone = next_phone()
    row, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
    OneTimeCode.objects.filter(pk=row.pk).update(expires_at=Now())

    with pytest.raises(InvalidCode):
        services.sign_in(phone=phone, code=code)

    assert not User.objects.filter(phone=phone).exists()


def test_a_code_is_good_for_its_purpose_only() -> None:
    phone = next_phone()
    _, code = issue_code(purpose=CodePurpose.NEW_PHONE, target=phone)

    with pytest.raises(InvalidCode):
        services.sign_in(phone=phone, code=code)

    assert not User.objects.filter(phone=phone).exists()


def test_twenty_five_wrong_tries_in_an_hour_lock_the_phone_for_codes_and_tries() -> None:
    phone = next_phone()
    WrongCode.objects.bulk_create([WrongCode(target=phone) for _ in range(24)])
    _, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
    with pytest.raises(InvalidCode):
        services.sign_in(phone=phone, code=a_wrong(code))

    with pytest.raises(CodesLocked) as refusal:
        services.sign_in(phone=phone, code=code)
    with pytest.raises(CodesLocked):
        services.send_sign_in_code(phone=phone)

    assert refusal.value.retry_after is not None
    assert 3500 < refusal.value.retry_after <= 3600
    assert not User.objects.filter(phone=phone).exists()
    assert not OutboxMessage.objects.filter(to=phone).exists()


def test_wrong_tries_of_an_hour_ago_lock_nothing() -> None:
    phone = next_phone()
    WrongCode.objects.bulk_create([WrongCode(target=phone) for _ in range(25)])
    WrongCode.objects.filter(target=phone).update(created_at=Now() - timedelta(minutes=61))
    _, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)

    assert services.sign_in(phone=phone, code=code).is_new_user


def test_an_operators_phone_is_no_way_around_the_password() -> None:
    operator = make_operator("finance")
    phone = next_phone()
    User.objects.filter(pk=operator.pk).update(phone=phone)
    _, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)

    with pytest.raises(InvalidCode):
        services.sign_in(phone=phone, code=code)

    assert not Session.objects.filter(user=operator).exists()
    assert operator.check_password(PASSWORD)


def test_the_e_mail_is_confirmed_by_the_code_sent_to_it() -> None:
    user = make_client()
    assert user.email
    services.send_email_code(user=user)

    confirmed = services.verify_email(user=user, code=sent_code(user.email))

    assert confirmed.is_email_verified


def test_another_users_code_confirms_no_e_mail() -> None:
    user = make_client(email=f"{uuid4()}@example.in")
    assert user.email
    services.send_email_code(user=user)
    code = sent_code(user.email)
    OneTimeCode.objects.filter(target=user.email).update(user=make_client())

    with pytest.raises(InvalidCode):
        services.verify_email(user=user, code=code)

    user.refresh_from_db()
    assert not user.is_email_verified
