"""Who may call each operation of accounts: anonymous, new user, client, doer, operator."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.tests.factories import make_client, make_doer, make_operator, make_user

pytestmark = pytest.mark.django_db

OTHER = "{other}"
TABLE = [
    # method, path, body, what the anonymous get, what everybody who is signed in gets
    ("POST", "/api/auth/send-otp", {"phone": "+919812345678"}, 200, 200),
    ("POST", "/api/auth/verify-otp", {"phone": "+919812345678", "otp": "000000"}, 401, 401),
    ("POST", "/api/auth/login", {"email": "nobody@khidma.test", "password": "x"}, 401, 401),
    ("POST", "/api/auth/refresh", {"refreshToken": "unknown"}, 401, 401),
    ("POST", "/api/auth/logout", {}, 401, 200),
    ("GET", "/api/auth/profile", None, 401, 200),
    ("GET", "/api/auth/sessions", None, 401, 200),
    ("DELETE", f"/api/auth/sessions/{OTHER}", None, 401, 404),
    ("POST", "/api/auth/verify-email", {"code": "00000"}, 401, 400),
    ("GET", "/api/users/me", None, 401, 200),
    ("PATCH", "/api/users/me", {"bio": "Hello"}, 401, 200),
    ("POST", "/api/users/me/phone", {"phone": "no phone"}, 401, 400),
    ("POST", "/api/users/me/phone/verify", {"oldCode": "1", "newCode": "2"}, 401, 400),
    ("GET", "/api/users/me/blocks", None, 401, 200),
    ("GET", f"/api/users/{OTHER}", None, 200, 200),
    ("POST", f"/api/users/{OTHER}/block", None, 401, 200),
    ("DELETE", f"/api/users/{OTHER}/block", None, 401, 204),
]
CALLERS: dict[str, Callable[[], Any]] = {
    "anonymous": lambda: None,
    "new user": make_user,
    "client": make_client,
    "doer": make_doer,
    "operator": lambda: make_operator("support"),
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("method", "path", "body", "anonymous", "signed_in"), TABLE)
def test_who_may(
    api: Callable[..., Any], caller: str, method: str, path: str, body: Any, anonymous: int, signed_in: int
) -> None:
    other = make_doer()
    client = api(CALLERS[caller]())
    address = path.replace(OTHER, str(other.pk))

    answer = client.get(address) if method == "GET" else getattr(client, method.lower())(address, body)

    assert answer.status_code == (anonymous if caller == "anonymous" else signed_in), answer.content
    if caller == "anonymous" and anonymous == 401:
        expected = {"verify-otp": "invalid_otp", "login": "invalid_credentials"}
        assert answer.json()["error"]["code"] == expected.get(path.rpartition("/")[2], "not_authenticated")
