"""Firebase Cloud Messaging, HTTP v1 (firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send).

Signed in by a service account: google-auth signs a JWT, exchanges it at the account's `token_uri` and keeps the access
token until shortly before it ends. FCM knows no key that would make a repeated call one message; the key becomes the
tag under which a device shows a message, so that the same one sent twice shows once.
"""

import hashlib
import threading
from collections.abc import Mapping
from typing import Any

import httpx
from django.conf import settings
from google.auth import transport
from google.auth.exceptions import GoogleAuthError
from google.oauth2.service_account import Credentials

from khidma.delivery.errors import DeviceGone, NotDeliverable, NotTaken
from khidma.delivery.providers import Push
from khidma.delivery.providers.calling import answer_of, call, not_now

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


class Fcm:
    name = "fcm"

    def send(self, push: Push) -> str:
        account = _account_of(settings.FCM_CREDENTIALS)
        response = _post(push, account.project, account.token())
        if response.status_code == 401:  # the token was taken back early: a fresh one, once
            response = _post(push, account.project, account.token(fresh=True))
        answer = answer_of(response)
        if response.is_success:
            return str(answer.get("name", ""))
        raise _refusal(response, answer)


def _post(push: Push, project: str, token: str) -> httpx.Response:
    return call(
        "POST",
        f"{settings.FCM_BASE_URL}/v1/projects/{project}/messages:send",
        headers={"Authorization": f"Bearer {token}"},
        json={"message": _message(push)},
    )


def _message(push: Push) -> dict[str, Any]:
    tag = hashlib.sha256(push.key.encode()).hexdigest()[:32]
    return {
        "token": push.token,
        "notification": {"title": push.title, "body": push.body},
        "data": {name: str(value) for name, value in push.data.items()},
        "android": {"notification": {"tag": tag}},
        "apns": {"headers": {"apns-collapse-id": tag}},
        "webpush": {"notification": {"tag": tag}},
    }


def _refusal(response: httpx.Response, answer: dict[str, Any]) -> Exception:
    """What a refusal means (firebase.google.com/docs/cloud-messaging/error-codes).

    A token is given up only where FCM speaks of the token: an account of another project would refuse every one.
    """
    error = answer.get("error")
    error = error if isinstance(error, dict) else {}
    details = [one for one in error.get("details") or [] if isinstance(one, dict)]
    code = next((str(one.get("errorCode")) for one in details if one.get("@type") == FCM_ERROR), "")
    reason = f"{code or error.get('status', '')}: {error.get('message', '')}"[:200]
    is_ours = any(one.get("@type") == BAD_REQUEST for one in details)
    if code == "UNREGISTERED" or (code == "INVALID_ARGUMENT" and not is_ours):
        return DeviceGone(reason)
    if response.status_code in (400, 403):
        return NotDeliverable(f"FCM {reason}")
    return not_now(response, reason)


class _Account:
    """A service account with its access token, shared by the threads of this process."""

    def __init__(self, key: Mapping[str, str]) -> None:
        self.project = key["project_id"]
        self._credentials = Credentials.from_service_account_info(key, scopes=[SCOPE])  # type: ignore[no-untyped-call]
        self._lock = threading.Lock()

    def token(self, *, fresh: bool = False) -> str:
        """:raises NotTaken: the token cannot be had."""
        with self._lock:
            if fresh or not self._credentials.valid:
                try:
                    self._credentials.refresh(_Transport())
                except GoogleAuthError as error:
                    raise NotTaken(f"{type(error).__name__} at the token's address") from error
            return str(self._credentials.token)


_accounts: dict[str, _Account] = {}


def _account_of(key: Mapping[str, str]) -> _Account:
    """The one account of these credentials."""
    key_id = key["private_key_id"]
    if key_id not in _accounts:
        _accounts[key_id] = _Account(key)
    return _accounts[key_id]


class _Answer(transport.Response):
    """An answer as google-auth reads it."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    @property
    def data(self) -> bytes:
        return self._response.content


class _Transport(transport.Request):
    """google-auth's calls, made as all others are."""

    def __call__(
        self, url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **rest: Any
    ) -> _Answer:
        return _Answer(call(method, url, content=body, headers=headers))
