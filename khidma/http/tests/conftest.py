"""A client of the tiny API."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client


class Caller:
    """Speaks JSON as one person; raises nothing, so that a test sees what a caller would."""

    def __init__(self, name: str | None = None, **headers: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {**({"Authorization": f"Bearer {name}"} if name else {}), **headers}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        content_type = headers.pop("content_type", "application/json")
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.generic(method, path, raw, content_type, headers=sent)


@pytest.fixture
def call() -> Callable[..., Caller]:
    """Make a caller: `call("client")("POST", "/api/notes", {…})`."""
    return Caller
