"""Reads of files: what an actor may see, and what is attached to what."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Sum
from django.db.models.functions import JSONObject

from khidma.kernel.clock import Now, now
from khidma.kernel.errors import NotFound
from khidma.media.addresses import is_good
from khidma.media.models import Attachment, File
from khidma.media.states import KEPT_STATUSES, FileStatus
from khidma.media.viewing import who_may_see

MOST_THINGS = 200
"""So many places of one file are looked at when somebody else asks for it."""


def shown(files: QuerySet[File]) -> QuerySet[File]:
    """The files with `shown_at`, from which their addresses count."""
    return files.annotate(shown_at=Now())


def get_file_for(user: Any, file_id: UUID) -> File:
    """A file, if it is the user's own, or attached to something that the user may see.

    :raises NotFound: there is none, or none that this user may know of.
    """
    files = File.objects.filter(pk=file_id, sealed_key="")
    file = shown(files.exclude(status__in=(FileStatus.UPLOADING, FileStatus.REMOVED))).first()
    if file is None or not (file.owner_id == user.pk or (file.is_ready and _may_see(user, file))):
        raise NotFound
    return file


def _may_see(user: Any, file: File) -> bool:
    places: dict[str, list[UUID]] = defaultdict(list)
    rows = Attachment.objects.filter(file=file).order_by("-id").values_list("thing", "thing_id")[:MOST_THINGS]
    for thing, thing_id in rows:
        places[thing].append(thing_id)
    return any(who_may_see.allow(user, thing, ids) for thing, ids in places.items())


def get_downloadable(file_id: UUID, *, expires: int, signature: str) -> File:
    """The file of a signed address. :raises NotFound: we never made it, it has expired, or the file is gone."""
    if not is_good(file_id, expires=expires, signature=signature, at=now()):
        raise NotFound
    file = File.objects.filter(pk=file_id, status=FileStatus.READY, sealed_key="").first()
    if file is None:
        raise NotFound
    return file


def files_of(thing: str) -> ArraySubquery:
    """For the rows of a query of such things: their files in order, as `api.serializers.Attachments` shows them."""
    columns = ("id", "kind", "name", "mime_type", "size", "width", "height", "duration_ms", "created_at", "status")
    entry = JSONObject(**{column: f"file__{column}" for column in columns}, shown_at=Now())
    rows = Attachment.objects.filter(thing=thing, thing_id=OuterRef("pk")).order_by("position")
    return ArraySubquery(rows.values(entry=entry))


def names_of(owner: Any, ids: Collection[UUID]) -> list[str]:
    """What those of these files that are the owner's are called."""
    return list(File.objects.filter(pk__in=ids, owner=owner).values_list("name", flat=True)) if ids else []


def room_taken(owner: Any) -> int:
    """Bytes that the files of this user take."""
    return File.objects.filter(owner=owner, status__in=KEPT_STATUSES).aggregate(size=Sum("size"))["size"] or 0


def list_to_erase(limit: int) -> Collection[UUID]:
    """Files whose bytes are no longer wanted, but are not known to be gone."""
    gone = File.objects.filter(status__in=(FileStatus.INFECTED, FileStatus.REMOVED), erased_at=None)
    return list(gone.order_by("id").values_list("pk", flat=True)[:limit])


def get_sealed(*, thing: str, thing_id: UUID) -> File:
    """The sealed file of a thing. :raises NotFound: it has none, or none that was scanned and found clean."""
    file = File.objects.filter(
        attachments__thing=thing, attachments__thing_id=thing_id, status=FileStatus.READY
    ).first()
    if file is None or not file.is_sealed:
        raise NotFound
    return file


def holders_of(file_id: UUID, thing: str) -> list[UUID]:
    """The things of this sort that a file is attached to."""
    return list(Attachment.objects.filter(file=file_id, thing=thing).values_list("thing_id", flat=True))
