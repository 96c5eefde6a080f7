"""The five operations of signing in, over HTTP."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from accounts import services
from accounts.models import OneTimeCode, OperatorTotp, RefreshToken, Session, SignInMethod, User, WrongCode
from accounts.tests.factories import PASSWORD, bearer, make_client, make_doer, make_operator, next_phone
from accounts.tokens import refresh_token_hash
from accounts.totp import STEP_SECONDS, code_at
from khidma.delivery.models import OutboxMessage
from khidma.delivery.tests.standin import Providers
from khidma.http.runtime import SecuritySettings
from khidma.kernel.clock import Now, now
from khidma.kernel.runtime import change

pytestmark = pytest.mark.django_db

Api = Callable[..., Any]
USER_FIELDS = {
    "id", "phone", "email", "name", "avatarUrl", "bio", "university", "course", "year", "graduationYear",
    "phoneVerified", "emailVerified", "idVerified", "idDocumentUrl", "roles", "rating", "ratingCount",
    "totalEarnings", "completedGigs", "trustScore", "badges", "bankAccountId", "walletBalance", "pendingBalance",
    "profileComplete", "isStaff", "permissions", "createdAt", "lastActiveAt",
}  # fmt: skip


def sent_code(to: str) -> str:
    found = re.search(r"\b\d{6}\b", OutboxMessage.objects.filter(to=to).latest("created_at").body)
    assert found is not None
    return found[0]


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_codes_and_refusals_are_in_the_language_that_the_request_asks_for(api: Api) -> None:
    phone = next_phone()
    sent = api().post("/api/auth/send-otp", {"phone": phone}, accept_language="hi-IN")
    assert sent.json() == {"success": True, "message": "OTP भेजा गया", "expiresIn": 300}
    assert "आपका Khidma लॉग इन कोड है" in OutboxMessage.objects.get(to=phone).body

    body = {"phone": phone, "otp": f"{(int(sent_code(phone)) + 1) % 1_000_000:06d}"}
    wrong = api().post("/api/auth/verify-otp", body, accept_language="hi-IN")
    assert error_of(wrong) == (401, "invalid_otp")
    assert wrong.json()["error"]["message"] == "कोड गलत है या उसका समय पूरा हो गया है।"
    assert api().post("/api/auth/verify-otp", body).json()["error"]["message"] == "The code is wrong or has expired."


def test_a_phone_becomes_an_account(api: Api) -> None:
    phone = next_phone()

    sent = api().post("/api/auth/send-otp", {"phone": phone})
    assert (sent.status_code, sent.json()) == (200, {"success": True, "message": "OTP sent", "expiresIn": 300})

    signed_in = api().post("/api/auth/verify-otp", {"phone": phone, "otp": sent_code(phone), "deviceName": "Pixel"})
    body = signed_in.json()
    assert signed_in.status_code == 200
    assert set(body) == {"success", "token", "refreshToken", "expiresAt", "user", "isNewUser"}
    assert body["isNewUser"] is True
    assert set(body["user"]) == USER_FIELDS
    shown = {name: body["user"][name] for name in ("phone", "email", "name", "bio", "year", "roles", "profileComplete")}
    assert shown == {
        "phone": phone, "email": "", "name": "", "bio": "", "year": None, "roles": [], "profileComplete": False,
    }  # fmt: skip
    assert 0 < body["expiresAt"] - int(now().timestamp() * 1000) <= 900_000

    profile = api(token=body["token"]).get("/api/auth/profile")
    assert profile.json()["data"]["id"] == body["user"]["id"]


def test_known_and_unknown_phones_get_the_same_answer(api: Api) -> None:
    known, unknown = make_client().phone, next_phone()
    answers = [api().post("/api/auth/send-otp", {"phone": phone}) for phone in (known, unknown)]
    assert answers[0].json() == answers[1].json()
    assert answers[0].status_code == answers[1].status_code == 200


@pytest.mark.parametrize(
    "phone",
    [
        "9000000001", "+915000000001", "+91900000000", "+9190000000011", "+14155552671", "+91٩٠٠٠٠٠٠٠٠١", "", "phone",
        "+91 9000000001", 919000000001, None, True, ["+919000000001"], {"a": 1},
    ],
)  # fmt: skip
def test_what_is_no_accepted_phone_is_refused_before_anything_is_written(api: Api, phone: Any) -> None:
    answer = api().post("/api/auth/send-otp", {"phone": phone})
    assert error_of(answer) == (400, "validation_error")
    assert "phone" in answer.json()["error"]["details"]
    assert not OneTimeCode.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_a_wrong_code_is_401_and_stays_counted(api: Api) -> None:
    phone = next_phone()
    api().post("/api/auth/send-otp", {"phone": phone})
    wrong = f"{(int(sent_code(phone)) + 1) % 1_000_000:06d}"

    answer = api().post("/api/auth/verify-otp", {"phone": phone, "otp": wrong})

    assert error_of(answer) == (401, "invalid_otp")
    assert WrongCode.objects.filter(target=phone).count() == 1
    assert OneTimeCode.objects.get(target=phone).tries == 1
    assert not User.objects.filter(phone=phone).exists()


@pytest.mark.parametrize("otp", ["12345", "1234567", "abcdef", 123456, None, "१२३४५६"])
def test_what_is_no_code_is_400_and_costs_no_try(api: Api, otp: Any) -> None:
    phone = next_phone()
    api().post("/api/auth/send-otp", {"phone": phone})
    answer = api().post("/api/auth/verify-otp", {"phone": phone, "otp": otp})
    assert error_of(answer) == (400, "validation_error")
    assert OneTimeCode.objects.get(target=phone).tries == 0


def test_too_many_wrong_codes_answer_429_with_a_time_to_wait(api: Api) -> None:
    phone = next_phone()
    WrongCode.objects.bulk_create([WrongCode(target=phone) for _ in range(25)])
    for path, body in (("send-otp", {"phone": phone}), ("verify-otp", {"phone": phone, "otp": "123456"})):
        answer = api().post(f"/api/auth/{path}", body)
        assert error_of(answer) == (429, "otp_locked")
        assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert not OneTimeCode.objects.filter(target=phone).exists()


def test_one_code_per_half_minute_and_phone(api: Api, limits_on: None) -> None:
    phone = next_phone()
    first = api().post("/api/auth/send-otp", {"phone": phone})
    assert (first.status_code, first.headers["RateLimit-Limit"]) == (200, "5")

    second = api().post("/api/auth/send-otp", {"phone": phone})

    assert error_of(second) == (429, "rate_limited")
    assert 0 < int(second.headers["Retry-After"]) <= 30
    assert OneTimeCode.objects.filter(target=phone).count() == 1
    assert api().post("/api/auth/send-otp", {"phone": next_phone()}).status_code == 200


@pytest.mark.parametrize(
    ("name", "headers"), [("otp_per_address", {}), ("otp_in_all", {}), ("otp_per_device", {"x_device_id": "d-1"})]
)
def test_codes_are_limited_by_address_device_and_in_all(
    api: Api, limits_on: None, name: str, headers: dict[str, str]
) -> None:
    change(SecuritySettings, {name: 2})
    answers = [api().post("/api/auth/send-otp", {"phone": next_phone()}, **headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert OneTimeCode.objects.count() == 2


def test_a_code_that_could_not_be_sent_uses_no_limit_up_and_opens_nothing(
    api: Api, limits_on: None, settings: LazySettings
) -> None:
    phone = next_phone()
    settings.SMS_PROVIDERS = []
    assert error_of(api().post("/api/auth/send-otp", {"phone": phone})) == (503, "service_unavailable")
    assert not OneTimeCode.objects.filter(target=phone, ended_at__isnull=True).exists()

    settings.SMS_PROVIDERS = ["page"]
    answer = api().post("/api/auth/send-otp", {"phone": phone})

    assert (answer.status_code, answer.headers["RateLimit-Remaining"]) == (200, "4")


def test_without_the_counter_nobody_signs_in_and_everybody_stays_in(
    api: Api, limits_on: None, settings: LazySettings
) -> None:
    phone, operator = next_phone(), make_operator("support")
    first = services.begin_session(user=make_client(), method=SignInMethod.OTP)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    before = OneTimeCode.objects.count(), Session.objects.count()

    refused = [
        api().post("/api/auth/send-otp", {"phone": phone}),
        api().post("/api/auth/verify-otp", {"phone": phone, "otp": "123456"}),
        api().post("/api/auth/login", {"email": operator.email, "password": PASSWORD}),
    ]
    refreshed = api().post("/api/auth/refresh", {"refreshToken": first.refresh_token})

    assert {error_of(answer) for answer in refused} == {(503, "service_unavailable")}
    assert (OneTimeCode.objects.count(), Session.objects.count()) == before
    assert refreshed.status_code == 200
    assert api(token=refreshed.json()["token"]).post("/api/auth/logout").status_code == 200


def test_operators_log_in_with_e_mail_and_password(api: Api) -> None:
    operator = make_operator("finance")
    assert operator.email

    answer = api().post("/api/auth/login", {"email": operator.email.upper(), "password": PASSWORD})

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"success", "token", "refreshToken", "expiresAt", "user"}
    assert (body["user"]["isStaff"], body["user"]["permissions"]) == (True, ["finance"])
    assert Session.objects.get(user=operator).method == SignInMethod.PASSWORD


def test_wrong_credentials_look_alike_and_open_nothing(api: Api) -> None:
    operator, client = make_operator("trust"), make_client()
    attempts = [
        (operator.email, "wrong"),
        ("nobody@example.in", PASSWORD),
        (client.email, PASSWORD),
        (client.email, "!"),
    ]

    answers = [api().post("/api/auth/login", {"email": email, "password": word}) for email, word in attempts]

    assert {error_of(answer) for answer in answers} == {(401, "invalid_credentials")}
    assert len({answer.json()["error"]["message"] for answer in answers}) == 1
    assert not Session.objects.filter(user=operator).exists()


def test_guessing_a_password_is_stopped_after_a_while(api: Api) -> None:
    operator = make_operator("trust")
    WrongCode.objects.bulk_create([WrongCode(target=f"password:{operator.email}") for _ in range(25)])

    answer = api().post("/api/auth/login", {"email": operator.email, "password": PASSWORD})

    assert error_of(answer) == (429, "rate_limited")
    assert not Session.objects.filter(user=operator).exists()


def enrolled(group: str = "finance") -> tuple[User, str]:
    operator = make_operator(group)
    found = re.search(r"secret=([A-Z2-7]+)", services.enrol_second_factor(operator=operator))
    assert found is not None
    return operator, found[1]


def code_now(secret: str, steps: int = 0) -> str:
    return code_at(secret, int(now().timestamp()) // STEP_SECONDS + steps)


def test_an_enrolled_operator_needs_the_code_and_each_code_works_once(api: Api) -> None:
    operator, secret = enrolled()
    services.confirm_second_factor(operator=operator, code=code_now(secret, -1))
    credentials = {"email": operator.email, "password": PASSWORD}

    assert error_of(api().post("/api/auth/login", credentials)) == (401, "totp_required")
    stale = {**credentials, "totp": code_now(secret, -10)}
    assert error_of(api().post("/api/auth/login", stale)) == (401, "invalid_credentials")
    assert not Session.objects.filter(user=operator).exists()

    good = {**credentials, "totp": code_now(secret)}
    assert api().post("/api/auth/login", good).status_code == 200
    assert error_of(api().post("/api/auth/login", good)) == (401, "invalid_credentials")
    assert Session.objects.filter(user=operator).count() == 1


def test_a_second_factor_that_was_not_confirmed_is_not_asked_for(api: Api) -> None:
    operator, _ = enrolled()
    assert api().post("/api/auth/login", {"email": operator.email, "password": PASSWORD}).status_code == 200
    assert OperatorTotp.objects.get(user=operator).confirmed_at is None


def test_refreshing_rotates_and_reuse_signs_out(api: Api) -> None:
    first = services.begin_session(user=make_client(), method=SignInMethod.OTP)

    answer = api().post("/api/auth/refresh", {"refreshToken": first.refresh_token})
    body = answer.json()
    assert (answer.status_code, set(body)) == (200, {"success", "token", "refreshToken", "expiresAt"})

    hashed = refresh_token_hash(first.refresh_token)
    RefreshToken.objects.filter(pk=hashed).update(used_at=Now() - timedelta(minutes=1))
    assert error_of(api().post("/api/auth/refresh", {"refreshToken": first.refresh_token})) == (401, "token_revoked")
    assert error_of(api(token=body["token"]).get("/api/users/me")) == (401, "token_revoked")
    assert error_of(api().post("/api/auth/refresh", {"refreshToken": body["refreshToken"]})) == (401, "token_revoked")


def test_an_expired_or_revoked_access_token_in_the_header_does_not_stop_a_refresh(api: Api) -> None:
    first = services.begin_session(user=make_client(), method=SignInMethod.OTP)
    answer = api(token="forged").post("/api/auth/refresh", {"refreshToken": first.refresh_token})
    assert answer.status_code == 200


def test_logging_out_ends_this_session_only(api: Api) -> None:
    user = make_client()
    here, there = bearer(user), bearer(user)

    answer = api(token=here).post("/api/auth/logout")

    assert (answer.status_code, answer.json()) == (200, {"success": True, "message": "Logged out"})
    assert error_of(api(token=here).get("/api/users/me")) == (401, "token_revoked")
    assert api(token=there).get("/api/users/me").status_code == 200


def test_sessions_are_listed_and_ended_by_their_owner(api: Api) -> None:
    user, stranger = make_client(), make_doer()
    here = services.begin_session(user=user, method=SignInMethod.OTP, device_name="Pixel", address="203.0.113.9")
    there = services.begin_session(user=user, method=SignInMethod.OTP)
    caller = api(user, token=here.token)

    rows = caller.get("/api/auth/sessions").json()["data"]
    mine = next(row for row in rows if row["id"] == str(here.session.pk))
    assert set(mine) == {"id", "deviceName", "address", "createdAt", "lastUsedAt", "isCurrent"}
    assert (mine["deviceName"], mine["address"], mine["isCurrent"]) == ("Pixel", "203.0.113.9", True)
    assert [row["isCurrent"] for row in rows].count(True) == 1

    assert error_of(api(stranger).delete(f"/api/auth/sessions/{there.session.pk}")) == (404, "not_found")
    assert api(token=there.token).get("/api/users/me").status_code == 200

    assert caller.delete(f"/api/auth/sessions/{there.session.pk}").status_code == 204
    assert error_of(api(token=there.token).get("/api/users/me")) == (401, "token_revoked")
    assert error_of(caller.delete(f"/api/auth/sessions/{there.session.pk}")) == (404, "not_found")


def test_the_list_of_sessions_takes_as_many_queries_for_many(api: Api, django_assert_max_num_queries: Any) -> None:
    user = make_client()
    for _ in range(12):
        services.begin_session(user=user, method=SignInMethod.OTP)
    caller = api(user)
    with django_assert_max_num_queries(3):
        assert len(caller.get("/api/auth/sessions").json()["data"]) == 14


def test_the_e_mail_is_confirmed_over_http(api: Api) -> None:
    user = make_client()
    assert user.email
    caller = api(user)

    assert caller.post("/api/auth/send-email-code", {}).status_code == 200
    wrong = f"{(int(sent_code(user.email)) + 1) % 1_000_000:06d}"
    assert error_of(caller.post("/api/auth/verify-email", {"code": wrong})) == (401, "invalid_otp")
    assert caller.get("/api/users/me").json()["data"]["emailVerified"] is False

    answer = caller.post("/api/auth/verify-email", {"code": sent_code(user.email)})
    assert answer.json()["data"]["emailVerified"] is True
    assert error_of(caller.post("/api/auth/send-email-code")) == (409, "email_not_pending")


def test_a_code_goes_by_the_second_provider_where_the_first_hangs(api: Api, providers: Providers) -> None:
    phone = next_phone()
    providers.fail("msg91", "hang")
    assert api().post("/api/auth/send-otp", {"phone": phone}).status_code == 200
    sms = providers.taken["twilio"][0]
    code = re.search(r"\b\d{6}\b", sms["Body"])
    assert (sms["To"], code is not None) == (phone, True)
    assert code is not None
    assert api().post("/api/auth/verify-otp", {"phone": phone, "otp": code[0]}).status_code == 200


def test_where_no_provider_takes_a_code_it_is_503_and_no_limit_is_used_up(
    api: Api, limits_on: None, providers: Providers
) -> None:
    phone = next_phone()
    for _ in range(6):  # one more than a phone may ask for in ten minutes, with no pause between
        providers.fail("msg91", "500")
        providers.fail("twilio", "503")
        refused = api().post("/api/auth/send-otp", {"phone": phone})
        assert error_of(refused) == (503, "service_unavailable")
        assert refused.headers["Retry-After"] == "17"
    assert not OneTimeCode.objects.filter(target=phone, ended_at__isnull=True).exists()
    taken = api().post("/api/auth/send-otp", {"phone": phone})
    assert (taken.status_code, taken.headers["RateLimit-Remaining"]) == (200, "4")
