"""Uploads, attaching and sweeps at the same moment."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction

from accounts.tests.factories import make_client
from khidma.kernel.clock import now
from khidma.kernel.runtime import change
from khidma.media import services
from khidma.media.errors import QuotaUsedUp
from khidma.media.models import Attachment, File
from khidma.media.runtime import MediaSettings
from khidma.media.states import FileStatus
from khidma.media.tasks import remove_files
from khidma.media.tests.factories import make_file
from khidma.tests.races import at_once


def test_a_file_that_is_attached_while_it_is_swept_is_one_or_the_other(committed_db: None) -> None:
    user = make_client()
    for _ in range(5):
        file = make_file(user)
        File.objects.filter(pk=file.pk).update(loose_since=now() - timedelta(hours=25))

        def put(file: File = file) -> Any:
            return services.attach(owner=user, thing="cup", thing_id=uuid4(), files=[file.pk])

        done = at_once(put, remove_files)
        file.refresh_from_db()
        is_held = Attachment.objects.filter(file=file).exists()
        assert is_held == (file.status == FileStatus.READY), done


def test_uploads_at_once_do_not_share_the_last_room(committed_db: None) -> None:
    user = make_client()
    with transaction.atomic():
        change(MediaSettings, {"quota_megabytes": 1})

    def upload() -> File:
        return make_file(user, content=b"a" * 600_000)

    calls: list[Callable[[], Any]] = [upload] * 3
    done = at_once(*calls)
    assert sum(isinstance(one, QuotaUsedUp) for one in done) == 2, done
    assert File.objects.count() == 1
