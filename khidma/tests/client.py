"""A client for tests that speaks JSON with one user's bearer token."""

import json
from typing import Any, Protocol

from django.test import Client

from accounts.models import SignInMethod, User
from accounts.services.sessions import begin_session


class Answer(Protocol):
    """What a test sees of an answer."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        """The body, read as JSON."""


class JsonClient:
    """Calls the API in this process. `key`: the Idempotency-Key. Other headers: by name, with underscores."""

    def __init__(self, user: User | None = None, *, token: str | None = None) -> None:
        self.user = user
        self.token = token
        if user is not None and token is None:
            self.token = begin_session(user=user, method=SignInMethod.OTP).token
        self._client = Client()

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Answer:
        return self._call("GET", path, None, None, headers, query)

    def post(self, path: str, body: Any = None, key: str | None = None, **headers: str) -> Answer:
        return self._call("POST", path, body, key, headers)

    def put(self, path: str, body: Any = None, key: str | None = None, **headers: str) -> Answer:
        return self._call("PUT", path, body, key, headers)

    def patch(self, path: str, body: Any = None, key: str | None = None, **headers: str) -> Answer:
        return self._call("PATCH", path, body, key, headers)

    def delete(self, path: str, body: Any = None, key: str | None = None, **headers: str) -> Answer:
        return self._call("DELETE", path, body, key, headers)

    def _call(
        self,
        method: str,
        path: str,
        body: Any,
        key: str | None,
        headers: dict[str, str],
        query: dict[str, Any] | None = None,
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        if key:
            sent["idempotency-key"] = key
        data = b"" if body is None else json.dumps(body, default=str).encode()
        kind = "application/json" if data else ""
        answer: Any = self._client.generic(method, path, data, kind, headers=sent, query_params=query)
        return answer  # type: ignore[no-any-return]
