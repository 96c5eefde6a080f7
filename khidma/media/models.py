"""Files, and what they are attached to."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from khidma.kernel.clock import Now
from khidma.kernel.models import Record
from khidma.kernel.states import StateField, Stateful, StateTable
from khidma.media.states import FILE_STATES, KEPT_STATUSES, FileStatus


class FileKind(models.TextChoices):
    """What a file is to whoever looks at it."""

    IMAGE = "image", _("image")
    VOICE = "voice", _("voice")
    VIDEO = "video", _("video")
    DOCUMENT = "document", _("document")


class File(Record, Stateful):
    """One uploaded file; its bytes lie in the storage under `storage_key`, until `erased_at`.

    Where there is a `sealed_key`, the bytes are encrypted with it and lie apart, and no address of them is ever signed.
    `loose_since`: since when nothing holds it; what stays so for a day is removed. `size` in bytes as stored.
    """

    states: ClassVar[StateTable] = FILE_STATES

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False, verbose_name=_("uploaded by")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=FileKind)
    status = StateField(_("status"), choices=FileStatus, default=FileStatus.UPLOADING)
    name = models.CharField(_("name"), max_length=120, help_text=_("Shown, never used as a path."))
    mime_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    width = models.PositiveIntegerField(_("width"), null=True)
    height = models.PositiveIntegerField(_("height"), null=True)
    duration_ms = models.PositiveBigIntegerField(_("duration (ms)"), null=True)
    storage_key = models.CharField(max_length=80, unique=True)
    sealed_key = models.CharField(max_length=200, blank=True, default="", editable=False)
    loose_since = models.DateTimeField(_("attached to nothing since"), null=True, db_default=Now())
    scan_at = models.DateTimeField(_("next scan"), null=True)
    erased_at = models.DateTimeField(_("bytes erased at"), null=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = [
            models.CheckConstraint(condition=Q(size__gt=0), name="media_file_size"),
            models.CheckConstraint(condition=~Q(name=""), name="media_file_name"),
            models.CheckConstraint(
                condition=Q(kind=FileKind.IMAGE, width__isnull=False, height__isnull=False, width__gt=0, height__gt=0)
                | ~Q(kind=FileKind.IMAGE) & Q(width=None, height=None),
                name="media_file_dimensions",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(status__in=[FileStatus.INFECTED, FileStatus.REMOVED]),
                name="media_file_erased",
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner"], include=["size"], condition=Q(status__in=KEPT_STATUSES), name="media_file_room"
            ),
            models.Index(fields=["-created_at", "-id"], name="media_file_newest"),
            models.Index(fields=["loose_since"], condition=Q(status=FileStatus.READY), name="media_file_loose"),
            models.Index(fields=["created_at"], condition=Q(status=FileStatus.UPLOADING), name="media_file_uploading"),
            models.Index(fields=["scan_at"], condition=Q(status=FileStatus.QUARANTINED), name="media_file_to_scan"),
            models.Index(
                fields=["id"],
                condition=Q(status__in=[FileStatus.INFECTED, FileStatus.REMOVED], erased_at=None),
                name="media_file_to_erase",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sealed(self) -> bool:
        return self.sealed_key != ""

    @property
    def is_ready(self) -> bool:
        return self.status == FileStatus.READY


class Attachment(Record):
    """A file's place at a thing of a higher app: who may see the thing may see the file (`viewing`)."""

    file = models.ForeignKey(File, models.PROTECT, related_name="attachments", verbose_name=_("file"))
    thing = models.CharField(_("thing"), max_length=30, help_text=_("Such as gig or message."))
    thing_id = models.UUIDField(_("its id"))
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        constraints = [
            models.UniqueConstraint(fields=["thing", "thing_id", "file"], name="media_attachment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} at {self.thing} {self.thing_id}"
