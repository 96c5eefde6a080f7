"""Another phone: only with both codes, and with an end to the other sessions."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts import services
from accounts.errors import InvalidCode, PhoneTaken, PhoneUnchangeable, TokenRevoked
from accounts.models import CodePurpose, OneTimeCode, Session, SignInMethod, User, WrongCode
from accounts.services.codes import issue_code
from accounts.tests.factories import make_client, make_operator, next_phone
from accounts.tokens import read_access_token
from khidma.delivery.models import OutboxMessage
from khidma.kernel.models import OutboxEvent

pytestmark = pytest.mark.django_db


def sent_code(phone: str | None) -> str:
    found = re.search(r"\b\d{6}\b", OutboxMessage.objects.filter(to=phone).latest("created_at").body)
    assert found is not None
    return found[0]


def a_wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def changes_of(user: User) -> int:
    return OutboxEvent.objects.filter(name="accounts.PhoneChanged", payload__user_id=str(user.pk)).count()


def test_both_codes_change_the_phone_and_end_the_other_sessions() -> None:
    user, phone = make_client(), next_phone()
    here = services.begin_session(user=user, method=SignInMethod.OTP)
    there = services.begin_session(user=user, method=SignInMethod.OTP)
    services.send_phone_codes(user=user, phone=phone)

    changed = services.change_phone(
        user=user, old_code=sent_code(user.phone), new_code=sent_code(phone), session=here.session
    )

    assert changed.phone == User.objects.get(pk=user.pk).phone == phone
    assert read_access_token(here.token).user.phone == phone
    with pytest.raises(TokenRevoked):
        read_access_token(there.token)
    assert changes_of(user) == 1


@pytest.mark.parametrize("wrong", ["old", "new"])
def test_one_wrong_code_changes_nothing_and_is_counted(wrong: str) -> None:
    user, phone = make_client(), next_phone()
    here = services.begin_session(user=user, method=SignInMethod.OTP)
    services.send_phone_codes(user=user, phone=phone)
    old_code, new_code = sent_code(user.phone), sent_code(phone)

    with pytest.raises(InvalidCode):
        services.change_phone(
            user=user,
            old_code=a_wrong(old_code) if wrong == "old" else old_code,
            new_code=a_wrong(new_code) if wrong == "new" else new_code,
            session=here.session,
        )

    assert User.objects.get(pk=user.pk).phone == user.phone
    assert WrongCode.objects.filter(target=user.phone if wrong == "old" else phone).count() == 1
    assert changes_of(user) == 0


def test_codes_of_another_user_or_purpose_change_nothing() -> None:
    user, other, phone = make_client(), make_client(), next_phone()
    here = services.begin_session(user=user, method=SignInMethod.OTP)
    services.send_phone_codes(user=user, phone=phone)
    old_code = sent_code(user.phone)
    _, foreign = issue_code(purpose=CodePurpose.NEW_PHONE, target=phone, user=other)

    with pytest.raises(InvalidCode):
        services.change_phone(user=user, old_code=old_code, new_code=foreign, session=here.session)

    assert User.objects.get(pk=user.pk).phone == user.phone


def test_a_phone_that_another_account_has_is_refused_only_once_it_is_proved() -> None:
    user, owner = make_client(), make_client()
    assert owner.phone
    here = services.begin_session(user=user, method=SignInMethod.OTP)
    assert services.send_phone_codes(user=user, phone=owner.phone) == 300
    sessions = Session.objects.filter(ended_at__isnull=True).count()

    with pytest.raises(PhoneTaken):
        services.change_phone(
            user=user, old_code=sent_code(user.phone), new_code=sent_code(owner.phone), session=here.session
        )

    assert User.objects.get(pk=user.pk).phone == user.phone
    assert Session.objects.filter(ended_at__isnull=True).count() == sessions
    assert changes_of(user) == 0


def test_there_is_nothing_to_change_without_a_phone_or_to_the_same_one() -> None:
    client, operator = make_client(), make_operator("support")
    assert client.phone
    before = OneTimeCode.objects.count()
    for user in (client, operator):
        with pytest.raises(PhoneUnchangeable):
            services.send_phone_codes(user=user, phone=client.phone)
    assert OneTimeCode.objects.count() == before


def test_the_phone_is_changed_over_http(api: Callable[..., Any]) -> None:
    user, phone = make_client(), next_phone()
    caller = api(user)
    assert caller.post("/api/users/me/phone", {"phone": phone}).json()["data"] == {"expiresIn": 300}

    body = {"oldCode": sent_code(user.phone), "newCode": a_wrong(sent_code(phone))}
    refusal = caller.post("/api/users/me/phone/verify", body)
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (401, "invalid_otp")

    body["newCode"] = sent_code(phone)
    answer = caller.post("/api/users/me/phone/verify", body)
    assert (answer.status_code, answer.json()["data"]["phone"]) == (200, phone)
