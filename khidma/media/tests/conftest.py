"""Fixtures of khidma.media."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.tests.factories import bearer

if TYPE_CHECKING:
    from accounts.models import User

Send = Callable[..., Any]


@pytest.fixture
def send() -> Send:
    """Uploads bytes as a user: `send(user, content, kind=…, name=…)`; the answer."""

    def upload(
        user: "User | None", content: bytes, *, kind: str = "image", name: str = "photo.jpg", **more: Any
    ) -> Any:
        headers = {"authorization": f"Bearer {bearer(user)}"} if user else {}
        file = SimpleUploadedFile(name, content, more.pop("content_type", "application/octet-stream"))
        path = more.pop("path", "/api/media")
        return Client().post(path, {"kind": kind, "file": file, **more.pop("fields", {})}, headers=headers | more)

    return upload


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """The folder of this test's files."""
    place = {"BACKEND": "khidma.media.providers.storage.OwnFolder", "OPTIONS": {"location": tmp_path / "media"}}
    settings.STORAGES = {**settings.STORAGES, "media": place}
    return tmp_path / "media"


@pytest.fixture
def stored(folder: Path) -> Callable[[], list[Path]]:
    """The files that lie in the storage now."""
    return lambda: [path for path in folder.rglob("*") if path.is_file()]


def pytest_make_parametrize_id(config: Any, val: Any, argname: str) -> str | None:
    """Bytes make no readable names."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None
