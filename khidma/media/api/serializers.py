"""Files on the wire."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rest_framework.serializers import FileField, SerializerMethodField

from khidma.http.fields import Choice, Id, Integer, Moment, Text
from khidma.http.serializers import Serializer
from khidma.media import selectors
from khidma.media.addresses import signed_address
from khidma.media.models import File, FileKind


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
    url = SerializerMethodField()
    created_at = Moment()

    def get_url(self, file: Any) -> str | None:
        return signed_address(file.pk, at=file.shown_at) if file.is_ready else None


def show_files(files: Iterable[File]) -> list[dict[str, Any]]:
    """Files, each as an Attachment."""
    return [dict(AttachmentSerializer(file).data) for file in files]


def attachments_of(thing: str, ids: Iterable[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The Attachments of each of these things, in one query."""
    return {one: show_files(files) for one, files in selectors.attached_to(thing, ids).items()}
