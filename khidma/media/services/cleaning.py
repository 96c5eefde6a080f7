"""Taking away what never became a file, what nobody attached, and the bytes of what is gone."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from khidma.kernel.clock import Now, now
from khidma.kernel.states import advance
from khidma.media.models import File
from khidma.media.runtime import MediaSettings
from khidma.media.services.bytes import erase_stored
from khidma.media.states import FileStatus

STORED_WITHIN = timedelta(minutes=15)
"""Longer than any storage is waited for."""

BATCH = 200


def remove_unfinished() -> int:
    """Give up uploads whose process died before their bytes were stored; how many."""
    return _remove(Q(status=FileStatus.UPLOADING, created_at__lt=now() - STORED_WITHIN))


def remove_loose() -> int:
    """Remove files that nothing has held for a day (a setting); how many."""
    since = now() - timedelta(hours=MediaSettings.load().loose_hours)
    return _remove(Q(status=FileStatus.READY, loose_since__lt=since))


def _remove(which: Q) -> int:
    return sum(_remove_one(which & Q(pk=pk)) for pk in File.objects.filter(which).values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _remove_one(which: Q) -> bool:
    """False: it was attached or finished meanwhile, or is in another's hands."""
    file = File.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(which).first()
    if file is None:
        return False
    advance(file, "remove", by=None, role="system")
    return True


def erase_bytes(file_id: UUID) -> bool:
    """Erase what is stored of a file that is removed or infected; asked again after a crash, it does no harm.

    :raises Unavailable: the storage does not answer.
    """
    file = File.objects.filter(pk=file_id, status__in=(FileStatus.INFECTED, FileStatus.REMOVED), erased_at=None).first()
    if file is None:
        return False
    erase_stored(file)
    return bool(File.objects.filter(pk=file.pk).update(erased_at=Now()))
