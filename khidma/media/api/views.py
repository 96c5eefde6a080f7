"""Uploading a file, its record, and its bytes."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from khidma.http import limits
from khidma.http.addresses import client_address, limited_address
from khidma.http.fields import Integer, Text
from khidma.http.serializers import Query
from khidma.http.views import ApiView, operation
from khidma.media import selectors, services
from khidma.media.api.serializers import AttachmentSerializer, MediaBody
from khidma.media.download import respond_with
from khidma.media.errors import DamagedFile, FileInfected, FileTypeRefused, QuotaUsedUp
from khidma.media.inspection import LIMITS
from khidma.media.models import File
from khidma.media.states import FileStatus

DOWNLOADS_A_MINUTE = 120


def address_of(file: File) -> str:
    """Where a file's record is found."""
    return f"/api/media/{file.pk}"


class Media(ApiView):
    @operation(
        access="user",
        limit="upload",
        upload=True,
        max_body=max(LIMITS.values()),
        body=MediaBody,
        returns=AttachmentSerializer,
        status=201,
        location=address_of,
        atomic=False,
        open_to_suspended=True,
        errors=[FileTypeRefused, DamagedFile, QuotaUsedUp],
    )
    def post(self, request: Request) -> File:
        """Upload an image, voice note, video or document; what nothing holds after a day is removed.

        A suspended user may too, for support; where the file may be used, what uses it says.
        """
        body = self.body()
        given = body["file"]
        return services.receive_file(owner=request.user, kind=body["kind"], name=given.name, content=given.file)


class MediaRecord(ApiView):
    @operation(access="user", returns=AttachmentSerializer, errors=[FileInfected])
    def get(self, request: Request, file_id: UUID) -> File:
        """A file's record, for who uploaded it and who may see what it is attached to."""
        file = selectors.get_file_for(request.user, file_id)
        if file.status == FileStatus.INFECTED:
            raise FileInfected
        return file


class SignatureQuery(Query):
    """What an address was signed with."""

    expires = Integer(min_value=0)
    signature = Text(max_length=100)


class MediaContent(ApiView):
    @operation(access="public", limit="none", query=SignatureQuery, produces="*/*")
    def get(self, request: Request, file_id: UUID) -> HttpResponseBase:
        """The bytes of a file, at the `url` of its record; part of them with a `Range`."""
        signed: Any = self.query()
        file = selectors.get_downloadable(file_id, **signed)
        caller = limited_address(client_address(self.django_request))
        limits.hit("download", f"{file_id}:{caller}", amount=DOWNLOADS_A_MINUTE, seconds=60, fail_closed=False)
        return respond_with(file, services.open_file(file), wanted=request.headers.get("Range", ""))
