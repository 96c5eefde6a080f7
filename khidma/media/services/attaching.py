"""Attaching files to a thing, in the transaction of whoever writes the thing."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from khidma.kernel.clock import Now
from khidma.kernel.errors import Invalid
from khidma.media.errors import FileInfected, FileNotReady
from khidma.media.models import Attachment, File
from khidma.media.selectors import shown
from khidma.media.states import FileStatus


@transaction.atomic
def attach(
    *,
    owner: Any,
    thing: str,
    thing_id: UUID,
    files: Sequence[UUID],
    field: str = "attachments",
    is_sealed: bool = False,
) -> list[File]:
    """Make these files, in this order, the ones of a thing; whoever may see the thing may see them from now on.

    Sealed files go to things that ask for them, `is_sealed`, scanned or not: the app alone opens them.
    The caller holds the thing's lock, if others may know of it already. A file may be attached to several things.
    :raises Invalid: one is not the owner's, does not exist, or is named twice (under the name `field`).
    :raises FileNotReady, FileInfected: the scanner has not looked at one, or has condemned it.
    """
    present = {row.file_id: row for row in Attachment.objects.filter(thing=thing, thing_id=thing_id)}
    if len(set(files)) != len(files):
        raise Invalid(details={field: [_("Must not hold the same value twice.")]})
    added = _usable(owner, [file_id for file_id in files if file_id not in present], field, is_sealed)
    _let_go([row for file_id, row in present.items() if file_id not in files])
    _place(thing, thing_id, files, present)
    File.objects.filter(pk__in=added).update(loose_since=None)
    by_id = shown(File.objects.all()).in_bulk(files)
    return [by_id[file_id] for file_id in files]


def check_files(*, owner: Any, files: Sequence[UUID], field: str = "attachments") -> None:
    """Refuse what `attach` would refuse, before anything else is looked at; `attach` looks again.

    :raises Invalid, FileNotReady, FileInfected: see `attach`.
    """
    with transaction.atomic():
        _usable(owner, files, field, False)


def _usable(owner: Any, wanted: Sequence[UUID], field: str, is_sealed: bool) -> list[UUID]:
    """The files under lock, so that no sweep takes one away meanwhile."""
    if not wanted:
        return []
    own = File.objects.filter(pk__in=wanted, owner=owner)
    rows = own.exclude(status__in=(FileStatus.UPLOADING, FileStatus.REMOVED)).select_for_update(no_key=True)
    found = {file.pk: file for file in rows.order_by("pk") if file.is_sealed == is_sealed}
    if missing := [str(file_id) for file_id in wanted if file_id not in found]:
        raise Invalid(details={field: [_("There is no such file."), *missing]})
    for file in found.values():
        if not file.is_ready and not is_sealed:
            refusal = FileInfected if file.status == FileStatus.INFECTED else FileNotReady
            raise refusal(details={"id": str(file.pk)})
    return list(found)


def _let_go(rows: Sequence[Attachment]) -> None:
    """Take files off a thing; those that nothing else holds are loose from now on."""
    if not rows:
        return
    ids = sorted(row.file_id for row in rows)
    list(File.objects.filter(pk__in=ids).select_for_update(no_key=True).order_by("pk"))
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).delete()
    File.objects.filter(pk__in=ids, attachments=None).update(loose_since=Now())


def _place(thing: str, thing_id: UUID, files: Sequence[UUID], present: dict[UUID, Attachment]) -> None:
    new = []
    for position, file_id in enumerate(files):
        row = present.get(file_id)
        if row is None:
            new.append(Attachment(thing=thing, thing_id=thing_id, file_id=file_id, position=position))
        elif row.position != position:
            Attachment.objects.filter(pk=row.pk).update(position=position)
    Attachment.objects.bulk_create(new)
