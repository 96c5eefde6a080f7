"""Taking a file in: looked at, written down, stored, and only then there."""

import secrets
from typing import Any, BinaryIO

from django.db import transaction

from khidma.kernel.clock import Now
from khidma.kernel.network import give_connections_back
from khidma.kernel.states import advance, lock, record_change
from khidma.media import selectors
from khidma.media.errors import QuotaUsedUp
from khidma.media.inspection import Report, inspect
from khidma.media.models import File
from khidma.media.names import clean_name
from khidma.media.providers import scanner
from khidma.media.runtime import MediaSettings
from khidma.media.services.bytes import new_sealed_key, store_bytes

MEGABYTE = 1024 * 1024


def receive_file(*, owner: Any, kind: str, name: str, content: BinaryIO, is_sealed: bool = False) -> File:
    """Store an upload of this user; where a scanner is set, nobody can download it before that has looked.

    The row is committed before the bytes are stored, and says `uploading` until they are: what a crash leaves between
    is swept away. Belongs outside any transaction. `is_sealed`: encrypted, and kept apart.
    :raises FileTooLarge, FileTypeRefused, DamagedFile: the bytes are not what the kind takes.
    :raises QuotaUsedUp: the user has no room left. :raises Unavailable: the storage does not answer.
    """
    give_connections_back()
    report = inspect(content, kind=kind)
    with report.content:
        file = _begin(owner, kind, name, report, is_sealed)
        store_bytes(file, report.content)
    return _finish(file)


@transaction.atomic
def _begin(owner: Any, kind: str, name: str, report: Report, is_sealed: bool) -> File:
    """The user's row is the lock under which room is counted, so that two uploads never share the last of it."""
    lock(owner)
    size, limit = _size(report.content), MediaSettings.load().quota_megabytes * MEGABYTE
    if selectors.room_taken(owner) + size > limit:
        raise QuotaUsedUp(details={"limit": limit})
    file = File(
        owner=owner,
        kind=kind,
        name=clean_name(name, extension=report.extension),
        mime_type=report.mime_type,
        size=size,
        width=report.width,
        height=report.height,
        duration_ms=report.duration_ms,
        storage_key=secrets.token_hex(20),
    )
    file.sealed_key = new_sealed_key(file) if is_sealed else ""
    file.save(force_insert=True)
    record_change(file, action="begin", by=owner, role="owner")
    return file


@transaction.atomic
def _finish(file: File) -> File:
    """:raises InvalidTransition: it took so long that the file was given up meanwhile."""
    file = lock(file)
    if scanner.is_set():
        advance(file, "quarantine", by=None, role="system", changes={"scan_at": Now()})
    else:
        advance(file, "finish", by=None, role="system")
    return selectors.shown(File.objects.filter(pk=file.pk)).get()


def _size(content: BinaryIO) -> int:
    size = content.seek(0, 2)
    content.seek(0)
    return size
