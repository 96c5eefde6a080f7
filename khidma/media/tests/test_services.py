"""Files through their states: room, crashes, what is attached, what is loose, what is erased."""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.storage import storages
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from khidma.kernel.clock import now
from khidma.kernel.errors import Invalid, InvalidTransition, NotFound, Unavailable
from khidma.kernel.models import OutboxEvent
from khidma.kernel.runtime import change
from khidma.media import services
from khidma.media.api.serializers import Attachments
from khidma.media.errors import FileInfected, FileNotReady, QuotaUsedUp
from khidma.media.models import Attachment, File
from khidma.media.providers import storage
from khidma.media.runtime import MediaSettings
from khidma.media.selectors import files_of, get_file_for
from khidma.media.services import receiving
from khidma.media.states import FileStatus
from khidma.media.tasks import erase_files, remove_files
from khidma.media.tests import samples
from khidma.media.tests.factories import make_file
from khidma.media.viewing import ViewingRules

pytestmark = pytest.mark.django_db

Stored = Callable[[], list[Path]]


@pytest.fixture
def user() -> User:
    return make_client()


def put(owner: User, files: list[File], *, thing_id: UUID | None = None) -> UUID:
    """Attach to a cup, whatever that is."""
    thing_id = thing_id or uuid4()
    services.attach(owner=owner, thing="cup", thing_id=thing_id, files=[file.pk for file in files])
    return thing_id


def shown(*ids: UUID) -> dict[UUID, list[str]]:
    """The names of the files of these cups; a row of any table may stand for one."""
    rows: Any = OutboxEvent.objects.filter(pk__in=ids).annotate(files=files_of("cup"))
    return {row.pk: [file["name"] for file in Attachments().to_representation(row.files)] for row in rows}


def aged(file: File, **moments: Any) -> None:
    File.objects.filter(pk=file.pk).update(**moments)


def test_nobody_takes_more_room_than_their_share(user: User) -> None:
    change(MediaSettings, {"quota_megabytes": 1})
    half = b"a" * 600_000
    make_file(user, content=half)
    with pytest.raises(QuotaUsedUp):
        make_file(user, content=half)
    assert File.objects.filter(owner=user).count() == 1
    make_file(make_doer(), content=half)
    aged(File.objects.get(owner=user), status=FileStatus.REMOVED)
    make_file(user, content=half)


def test_a_storage_that_fails_leaves_a_row_that_is_swept(user: User, monkeypatch: Any, stored: Stored) -> None:
    def full(*args: Any) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(storages["media"], "_save", full)
        with pytest.raises(Unavailable):
            make_file(user)
    file = File.objects.get()
    assert (file.status, stored()) == (FileStatus.UPLOADING, [])
    assert remove_files() == 0, "it may still be on its way"
    aged(file, created_at=now() - timedelta(minutes=16))
    assert remove_files() == 1
    assert erase_files() == 1
    file.refresh_from_db()
    assert (file.status, file.erased_at is not None) == (FileStatus.REMOVED, True)


def test_bytes_whose_process_died_before_it_could_say_so_are_swept(
    user: User, monkeypatch: Any, stored: Stored
) -> None:
    monkeypatch.setattr(receiving, "_finish", lambda file: file)
    file = make_file(user)
    assert len(stored()) == 1
    aged(file, created_at=now() - timedelta(minutes=16))
    remove_files()
    erase_files()
    assert stored() == []
    monkeypatch.undo()
    with pytest.raises(InvalidTransition):
        receiving._finish(file)


def test_erasing_is_done_again_until_the_storage_answers(user: User, monkeypatch: Any, stored: Stored) -> None:
    file = make_file(user)
    aged(file, status=FileStatus.REMOVED)
    with monkeypatch.context() as patch:
        patch.setattr(storages["media"], "delete", lambda name: (_ for _ in ()).throw(OSError("away")))
        with pytest.raises(Unavailable):
            services.erase_bytes(file.pk)
    assert len(stored()) == 1
    assert services.erase_bytes(file.pk)
    assert not services.erase_bytes(file.pk)
    assert stored() == []


def test_bytes_that_are_lost_are_an_error_that_says_so(user: User, stored: Stored) -> None:
    file = make_file(user)
    stored()[0].unlink()
    with pytest.raises(Unavailable):
        services.open_file(file)


def test_nothing_is_stored_twice_under_one_key() -> None:
    storage.store(storage.MEDIA, "one", io.BytesIO(b"a"))
    with pytest.raises(Unavailable):
        storage.store(storage.MEDIA, "one", io.BytesIO(b"b"))
    with storage.fetch(storage.MEDIA, "one") as content:
        assert content.read() == b"a"


def test_the_network_is_not_talked_to_in_a_transaction(user: User) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        make_file(user)


def test_attached_files_stay_and_loose_ones_go_after_a_day(user: User, stored: Stored) -> None:
    held, loose = make_file(user), make_file(user)
    put(user, [held])
    for file in (held, loose):
        aged(file, created_at=now() - timedelta(days=9))
    aged(loose, loose_since=now() - timedelta(hours=23))
    assert remove_files() == 0
    aged(loose, loose_since=now() - timedelta(hours=25))
    assert remove_files() == 1
    erase_files()
    assert [path.name for path in stored()] == [held.storage_key]


def test_what_is_taken_off_its_last_thing_is_loose_again(user: User) -> None:
    one, two = make_file(user), make_file(user)
    cup, other = put(user, [one, two]), put(user, [two])
    put(user, [], thing_id=cup)
    one.refresh_from_db()
    two.refresh_from_db()
    assert one.loose_since is not None
    assert two.loose_since is None
    put(user, [], thing_id=other)
    two.refresh_from_db()
    assert two.loose_since is not None


def test_files_are_shown_in_the_order_in_which_they_were_given(user: User, django_assert_num_queries: Any) -> None:
    one, two, three = (make_file(user, name=name) for name in ("one", "two", "three"))
    cup, other = (OutboxEvent.objects.create(name="cup", payload={}).pk for _ in range(2))
    put(user, [three, one], thing_id=cup)
    put(user, [two, three, one], thing_id=cup)
    with django_assert_num_queries(1):
        assert shown(cup, other) == {cup: [two.name, three.name, one.name], other: []}
    put(user, [one, two], thing_id=cup)
    assert shown(cup) == {cup: [one.name, two.name]}


def test_only_own_files_that_are_ready_may_be_attached(user: User) -> None:
    foreign, mine, gone, waiting, bad = make_file(make_doer()), *(make_file(user) for _ in range(4))
    aged(gone, status=FileStatus.REMOVED)
    aged(waiting, status=FileStatus.QUARANTINED)
    aged(bad, status=FileStatus.INFECTED)
    for files, refusal in [
        ([mine, foreign], Invalid),
        ([gone], Invalid),
        ([mine, mine], Invalid),
        ([mine, waiting], FileNotReady),
        ([bad], FileInfected),
    ]:
        with pytest.raises(refusal):
            put(user, files)
    with pytest.raises(Invalid) as said:
        services.attach(owner=user, thing="cup", thing_id=uuid4(), files=[uuid4()], field="documents")
    assert set(said.value.details) == {"documents"}
    assert not Attachment.objects.exists()


def test_who_may_see_a_thing_may_see_its_files(user: User, monkeypatch: Any) -> None:
    rules, asked = ViewingRules(), []
    friend, file = make_doer(), make_file(user)
    cup = put(user, [file])
    rules.register("cup", lambda viewer, ids: asked.append(list(ids)) or viewer == friend)  # type: ignore[func-returns-value]
    monkeypatch.setattr("khidma.media.selectors.who_may_see", rules)
    assert get_file_for(friend, file.pk).pk == file.pk
    assert asked == [[cup]]
    with pytest.raises(NotFound):
        get_file_for(make_doer(), file.pk)
    aged(file, status=FileStatus.QUARANTINED)
    with pytest.raises(NotFound):
        get_file_for(friend, file.pk)
    assert get_file_for(user, file.pk).pk == file.pk


@pytest.mark.parametrize(
    "values",
    [{"size": 0}, {"name": ""}, {"width": 5}, {"kind": "image"}, {"erased_at": "2026-01-01T00:00Z"}],
)
def test_the_database_keeps_files_whole(user: User, values: dict[str, Any]) -> None:
    file = make_file(user)
    with pytest.raises(IntegrityError), transaction.atomic():
        File.objects.filter(pk=file.pk).update(**values)


def test_a_sample_of_each_kind_is_taken(user: User) -> None:
    kinds = [make_file(user, kind).kind for kind in ("image", "voice", "video", "document")]
    assert kinds == ["image", "voice", "video", "document"]
    assert samples.pdf().startswith(b"%PDF")
