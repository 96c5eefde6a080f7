"""Identity documents: encrypted, apart, opened by few and on record."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from accounts.models import User, Verification
from accounts.services import reject_infected
from accounts.states import VerificationStatus
from accounts.tests.factories import PASSWORD, bearer, make_client, make_doer, make_operator
from khidma.kernel.clock import now
from khidma.kernel.errors import Invalid
from khidma.kernel.models import AuditRecord
from khidma.kernel.sealing import Unreadable
from khidma.kernel.states import advance, lock
from khidma.media.addresses import signed_address
from khidma.media.models import File
from khidma.media.services import check_files, open_file
from khidma.media.states import FileStatus
from khidma.media.tasks import erase_files, remove_files
from khidma.media.tests import samples

pytestmark = pytest.mark.django_db

ADDRESS = "/api/users/me/id-document"


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> Path:
    """Where this test's files lie: `media`, and apart from it `identity`."""
    folder = "khidma.media.providers.storage.OwnFolder"
    places = {name: {"BACKEND": folder, "OPTIONS": {"location": tmp_path / name}} for name in ("media", "identity")}
    settings.STORAGES = {**settings.STORAGES, **places}
    return tmp_path


def hand_in(user: User, content: bytes = b"", *, kind: str = "student_id", name: str = "card.jpg") -> Any:
    file = SimpleUploadedFile(name, content or samples.photo(), "image/jpeg")
    return Client().post(ADDRESS, {"kind": kind, "file": file}, headers={"authorization": f"Bearer {bearer(user)}"})


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_document_is_handed_in_and_waits(api: Any, folders: Path) -> None:
    user = make_doer()
    assert api(user).get("/api/users/me").json()["data"]["idDocumentUrl"] is None
    answer = hand_in(user)
    assert answer.status_code == 201, answer.content
    shown = answer.json()["data"]
    assert set(shown) == {
        "id", "userId", "user", "kind", "documents", "status", "reason", "createdAt", "decidedAt", "decidedBy"
    }  # fmt: skip
    assert (shown["kind"], shown["status"], shown["reason"], shown["decidedAt"]) == ("identity", "applied", None, None)
    (document,) = shown["documents"]
    assert (document["mimeType"], document["url"]) == ("image/jpeg", None)
    assert api(user).get("/api/users/me").json()["data"]["idDocumentUrl"].endswith(ADDRESS)
    assert api(user).get("/api/users/me").json()["data"]["idVerified"] is False


def test_it_lies_encrypted_and_apart(folders: Path) -> None:
    hand_in(make_doer(), samples.pdf(b"% Asha of Saket\n"))
    assert files_in(folders / "media") == []
    (path,) = files_in(folders / "identity")
    raw = path.read_bytes()
    assert b"%PDF" not in raw
    assert b"Saket" not in raw
    assert len(raw) > File.objects.get().size


def test_no_address_of_it_is_good_for_anything(api: Any) -> None:
    user = make_doer()
    hand_in(user)
    file = File.objects.get()
    assert api(user).get(f"/api/media/{file.pk}").status_code == 404
    signed = signed_address(file.pk, at=now()).removeprefix("http://127.0.0.1:8000")
    assert Client().get(signed).status_code == 404


def test_it_cannot_be_attached_to_anything_else() -> None:
    user = make_doer()
    hand_in(user)
    with pytest.raises(Invalid):
        check_files(owner=user, files=[File.objects.get().pk])


def test_its_owner_sees_it_and_each_look_is_on_record(api: Any) -> None:
    user = make_doer()
    assert api(user).get(ADDRESS).status_code == 404
    hand_in(user, samples.pdf())
    answer: Any = Client().get(ADDRESS, headers={"authorization": f"Bearer {bearer(user)}"})
    assert b"".join(answer.streaming_content) == samples.pdf()
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Disposition"].startswith("attachment")
    record = AuditRecord.objects.get(action="identity_document.open")
    assert (record.actor_id, record.target_id) == (user.pk, str(Verification.objects.get().pk))
    assert api(make_client()).get(ADDRESS).status_code == 404
    assert api().get(ADDRESS).status_code == 401


WHO = [("trust", 200), ("administrator", 200), ("support", 403), ("finance", 403)]


@pytest.mark.parametrize(("group", "status"), WHO)
def test_operators_of_trust_open_it_in_the_admin_on_record(group: str, status: int) -> None:
    hand_in(make_doer(), samples.pdf())
    verification, operator = Verification.objects.get(), make_operator(group)
    client = Client()
    client.post("/admin/login/", {"username": operator.email or "", "password": PASSWORD, "next": "/admin/"})
    answer: Any = client.get(f"/admin/accounts/verification/{verification.pk}/document")
    assert answer.status_code == status
    seen = AuditRecord.objects.filter(action="identity_document.open", actor_id=operator.pk).count()
    assert seen == (1 if status == 200 else 0)
    if status == 200:
        assert b"".join(answer.streaming_content) == samples.pdf()


def test_a_stranger_does_not_get_into_the_admin() -> None:
    hand_in(make_doer())
    answer = Client().get(f"/admin/accounts/verification/{Verification.objects.get().pk}/document")
    assert (answer.status_code, answer["Location"].startswith("/admin/login/")) == (302, True)


@pytest.mark.parametrize(
    ("content", "options", "status"),
    [
        (b"<svg/>", {}, 415),
        (samples.archive({"a": b"a"}), {}, 415),
        (b"a text", {}, 415),
        (samples.image()[:99], {}, 400),
        (samples.image(), {"kind": "passport"}, 400),
        (bytes(10 * 1024 * 1024 + 1), {}, 413),
    ],
    ids=["svg", "zip", "text", "cut off", "other kind", "too large"],
)
def test_what_is_no_document_is_refused(content: bytes, options: Any, status: int, folders: Path) -> None:
    assert hand_in(make_doer(), content, **options).status_code == status
    assert not Verification.objects.exists()
    assert files_in(folders) == []


def test_another_document_takes_the_place_of_one_that_nobody_has_begun_to_check() -> None:
    user = make_doer()
    first, second = (hand_in(user, content).json()["data"] for content in (samples.photo(), samples.pdf()))
    assert second["id"] == first["id"]
    assert second["documents"][0]["mimeType"] == "application/pdf"
    loose = File.objects.get(mime_type="image/jpeg")
    assert loose.loose_since is not None
    with transaction.atomic():
        advance(lock(Verification.objects.get()), "review", by=None, role="operator")
    answer = hand_in(user)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "verification_pending")
    assert File.objects.count() == 2
    User.objects.filter(pk=user.pk).update(id_verified_at=now())
    assert hand_in(user).json()["error"]["code"] == "already_verified"


def test_a_document_stays_while_its_check_does_and_a_loose_one_goes(folders: Path) -> None:
    hand_in(make_doer())
    held = File.objects.get()
    File.objects.update(created_at=now() - timedelta(days=9))
    assert remove_files() == 0
    File.objects.filter(pk=held.pk).update(loose_since=now() - timedelta(days=2))
    assert remove_files() == 1
    assert erase_files() == 1
    assert files_in(folders) == []


def test_a_document_with_malware_ends_its_check_and_another_may_be_handed_in() -> None:
    user = make_doer()
    hand_in(user)
    file = File.objects.get()
    File.objects.update(status=FileStatus.INFECTED)
    reject_infected(file_id=file.pk)
    verification = Verification.objects.get()
    assert verification.status == VerificationStatus.REJECTED
    assert "malware" in verification.reason
    assert hand_in(user).status_code == 201
    reject_infected(file_id=file.pk)
    assert Verification.objects.filter(status=VerificationStatus.APPLIED).count() == 1


def test_what_was_not_scanned_is_shown_to_nobody(api: Any) -> None:
    user = make_doer()
    hand_in(user)
    File.objects.update(status=FileStatus.QUARANTINED)
    assert api(user).get(ADDRESS).status_code == 404
    assert not AuditRecord.objects.filter(action="identity_document.open").exists()


def test_it_opens_for_its_own_row_alone() -> None:
    hand_in(make_doer())
    hand_in(make_doer())
    one, two = File.objects.order_by("pk")
    one.storage_key, two.storage_key = two.storage_key, one.storage_key
    with pytest.raises(Unreadable):
        open_file(one)
    one.sealed_key = two.sealed_key
    with pytest.raises(Unreadable):
        open_file(one)
