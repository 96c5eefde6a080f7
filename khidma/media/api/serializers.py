"""Files on the wire."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework.serializers import Field, FileField

from khidma.http.fields import Choice, Id, Integer, Moment, Text, milliseconds
from khidma.http.serializers import Serializer
from khidma.media.addresses import signed_address
from khidma.media.models import FileKind
from khidma.media.states import FileStatus


class MediaBody(Serializer):
    """A file, and what it is to be: an image (jpeg, png, webp) of at most 10 MB, a voice note (m4a, mp3, aac, ogg,
    webm, wav) of 10 MB, a video (mp4, mov, webm) of 50 MB, a document (pdf, docx, xlsx, pptx, txt, zip) of 20 MB."""

    file = FileField()
    kind = Choice(FileKind.choices)


class AttachmentSerializer(Serializer):
    """A file. `url` is good for ten minutes; it is null until the file was scanned, where files are."""

    id = Id()
    kind = Choice(FileKind.choices)
    name = Text()
    mime_type = Text()
    size = Integer()
    width = Integer(allow_null=True)
    height = Integer(allow_null=True)
    duration_ms = Integer(allow_null=True)
    url = Text(allow_null=True)
    created_at = Moment()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return show_file(instance)


@extend_schema_field(AttachmentSerializer(many=True))
class Attachments(Field[Any, Any, list[dict[str, Any]], Any]):
    """The files of a thing whose query was annotated with `files=files_of(…)`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(source=options.pop("source", "files"), read_only=True, **options)

    def to_representation(self, value: Iterable[Any]) -> list[dict[str, Any]]:
        return show_files(value)


def show_file(file: Any) -> dict[str, Any]:
    """A file as an Attachment: one that a selector found for somebody, or an entry of `files_of`."""
    if isinstance(file, dict):
        return _show(**file)
    return _show(
        id=file.pk,
        kind=file.kind,
        name=file.name,
        mime_type=file.mime_type,
        size=file.size,
        width=file.width,
        height=file.height,
        duration_ms=file.duration_ms,
        created_at=file.created_at,
        status=file.status,
        shown_at=file.shown_at,
    )


def show_files(files: Iterable[Any]) -> list[dict[str, Any]]:
    """The same for several."""
    return [show_file(file) for file in files]


def _show(
    *,
    id: str | UUID,
    kind: str,
    name: str,
    mime_type: str,
    size: int,
    width: int | None,
    height: int | None,
    duration_ms: int | None,
    created_at: str | datetime,
    status: str,
    shown_at: str | datetime,
) -> dict[str, Any]:
    return {
        "id": str(id),
        "kind": kind,
        "name": name,
        "mimeType": mime_type,
        "size": size,
        "width": width,
        "height": height,
        "durationMs": duration_ms,
        "url": signed_address(id, at=_moment(shown_at)) if status == FileStatus.READY else None,
        "createdAt": milliseconds(_moment(created_at)),
    }


def _moment(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
