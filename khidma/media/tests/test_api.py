"""Uploading, asking and downloading over HTTP."""

import io
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import storages
from django.test import Client
from PIL import Image

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from khidma.kernel import clock
from khidma.kernel.models import AuditRecord, StateChange
from khidma.media.addresses import signed_address
from khidma.media.models import File
from khidma.media.states import FileStatus
from khidma.media.tests import samples
from khidma.media.tests.factories import make_file

pytestmark = pytest.mark.django_db

SHAPE = {"id", "kind", "name", "mimeType", "size", "width", "height", "durationMs", "url", "createdAt"}


@pytest.fixture
def user() -> User:
    return make_client()


def download(url: str, **headers: str) -> Any:
    answer: Any = Client().get(url.removeprefix("http://127.0.0.1:8000"), headers=headers)
    answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer


def code_of(answer: Any) -> str:
    return str(answer.json()["error"]["code"])


def test_an_upload_is_stored_and_shown(user: User, send: Any, api: Any, stored: Any) -> None:
    answer = send(user, samples.photo(orientation=6), name="../../My photo.final.HTML")
    assert answer.status_code == 201, answer.content
    shown = answer.json()["data"]
    assert set(shown) == SHAPE
    assert (shown["kind"], shown["name"], shown["mimeType"]) == ("image", "My photo.final.jpg", "image/jpeg")
    assert (shown["width"], shown["height"], shown["durationMs"]) == (48, 64, None)
    assert answer["Location"] == f"/api/media/{shown['id']}"
    again = api(user).get(answer["Location"]).json()["data"]
    assert {**again, "url": ""} == {**shown, "url": ""}
    (path,) = stored()
    assert path.stat().st_size == shown["size"]
    assert "photo" not in str(path)
    file = File.objects.get(pk=shown["id"])
    assert [step.to_status for step in StateChange.objects.filter(subject_id=file.pk).order_by("id")] == [
        "uploading", "ready",
    ]  # fmt: skip


def test_a_file_is_for_its_owner_alone_in_the_folder(user: User, send: Any, settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {**settings.STORAGES["media"], "OPTIONS": settings.STORAGES["default"]["OPTIONS"]},
    }
    send(user, samples.image())
    path = Path(storages["media"].path(File.objects.get().storage_key))
    assert path.stat().st_mode & 0o077 == 0
    path.unlink()


def test_the_signed_address_gives_the_bytes_and_never_a_page(user: User, send: Any) -> None:
    shown = send(user, samples.image("PNG"), name="naïve ; name.png").json()["data"]
    answer = download(shown["url"])
    assert answer.status_code == 200
    assert Image.open(io.BytesIO(answer.body)).format == "PNG"
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Length"] == str(shown["size"]) == str(len(answer.body))
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-store"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("wanted", "status", "part", "shown"),
    [
        ("bytes=0-9", 206, slice(0, 10), "bytes 0-9/"),
        ("bytes=10-", 206, slice(10, None), "bytes 10-"),
        ("bytes=-5", 206, slice(-5, None), "bytes "),
        ("bytes=0-99999999", 200, slice(None), None),
        ("bytes=99999999-", 416, slice(0, 0), "bytes */"),
        ("bytes=-0", 416, slice(0, 0), "bytes */"),
        ("bytes=5-1", 416, slice(0, 0), "bytes */"),
        ("bytes=0-1,4-5", 200, slice(None), None),
        ("lines=1-2", 200, slice(None), None),
        ("bytes=-", 200, slice(None), None),
        ("bytes=" + "9" * 40 + "-", 200, slice(None), None),
    ],
)
def test_part_of_a_file_can_be_asked_for(user: User, wanted: str, status: int, part: slice, shown: str | None) -> None:
    make_file(user, "video")
    file = File.objects.annotate(shown_at=clock.Now()).get()
    url = signed_address(file.pk, at=file.shown_at)
    whole = download(url).body
    answer = download(url, range=wanted)
    assert answer.status_code == status
    assert answer.body == whole[part]
    assert answer.get("Content-Range", "").startswith(shown or "")
    assert ("Content-Range" in answer) == (shown is not None)


def test_an_address_that_was_changed_or_is_old_is_good_for_nothing(user: User, send: Any) -> None:
    url = send(user, samples.image()).json()["data"]["url"]
    other = make_file(user)
    for bad in (
        url[:-1] + ("a" if url[-1] != "a" else "b"),
        url.replace("expires=", "expires=9"),
        url.replace(url.split("/")[5], str(other.pk)),
        url.replace(url.split("/")[5], str(uuid4())),
    ):
        assert download(bad).status_code == 404, bad
    assert download(url.split("?")[0]).status_code == 400
    assert download(url.replace("expires=", "expires=x")).status_code == 400
    assert download(url).status_code == 200


def test_strangers_know_nothing_of_a_file(user: User, api: Any) -> None:
    file = make_file(user)
    assert api(user).get(f"/api/media/{file.pk}").status_code == 200
    assert api(make_doer()).get(f"/api/media/{file.pk}").status_code == 404
    assert api().get(f"/api/media/{file.pk}").status_code == 401
    assert api(user).get(f"/api/media/{uuid4()}").status_code == 404


@pytest.mark.parametrize(
    ("content", "options", "status", "code"),
    [
        (samples.pdf(), {}, 415, "unsupported_media_type"),
        (b"<svg/>", {"content_type": "image/png"}, 415, "unsupported_media_type"),
        (samples.image()[:99], {}, 400, "validation_error"),
        (samples.image(), {"kind": "painting"}, 400, "validation_error"),
        (samples.image(), {"fields": {"more": "1"}}, 400, "validation_error"),
        (b"", {}, 400, "validation_error"),
        (bytes(10 * 1024 * 1024 + 1), {}, 413, "payload_too_large"),
        (bytes(50 * 1024 * 1024 + 1), {"kind": "video"}, 413, "payload_too_large"),
    ],
)
def test_a_bad_upload_is_refused_and_leaves_nothing(
    user: User, send: Any, stored: Any, content: bytes, options: Any, status: int, code: str
) -> None:
    answer = send(user, content, **options)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert stored() == []
    assert not File.objects.exists()


def test_an_upload_is_multipart_with_one_file(user: User, api: Any, send: Any) -> None:
    caller = api(user)
    assert caller.post("/api/media", {"kind": "image"}).status_code == 415
    headers = {"authorization": f"Bearer {caller.token}"}
    kind = "multipart/form-data; boundary=x"
    for body in (
        b"--x",
        b"garbage",
        b"--x\r\n\r\n--x--",
        b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\nimage\r\n--x--\r\n',
    ):
        answer = Client().generic("POST", "/api/media", body, kind, headers=headers)
        assert answer.status_code == 400, body
    for odd in ("multipart/form-data", "multipart/form-data; boundary=\u00e9", "multipart/mixed; boundary=x"):
        assert Client().generic("POST", "/api/media", b"--x--", odd, headers=headers).status_code in {400, 415}, odd
    one = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\na\r\n'
    assert Client().generic("POST", "/api/media", one * 2 + b"--x--\r\n", kind, headers=headers).status_code == 400
    assert send(None, samples.image()).status_code == 401


def test_the_same_key_and_file_make_one_file(user: User, send: Any) -> None:
    key = {"idempotency-key": "once"}
    first = send(user, samples.image(), **key)
    again = send(user, samples.image(), **key)
    assert again.json()["data"]["id"] == first.json()["data"]["id"]
    assert again["Idempotent-Replayed"] == "true"
    other = send(user, samples.image(size=(65, 48)), **key)
    assert (other.status_code, code_of(other)) == (409, "idempotency_conflict")
    assert File.objects.count() == 1


def test_uploads_are_counted_by_the_hour(user: User, send: Any, limits_on: None) -> None:
    answer = send(user, samples.image())
    assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("60", "59")


def test_a_file_that_is_gone_is_not_served(user: User, send: Any) -> None:
    url = send(user, samples.image()).json()["data"]["url"]
    File.objects.update(status=FileStatus.REMOVED)
    assert download(url).status_code == 404
    assert not AuditRecord.objects.exists()
