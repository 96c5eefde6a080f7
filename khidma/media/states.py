"""States of a file, from the moment its bytes are on their way."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from khidma.kernel.states import StateTable, Transition


class FileStatus(models.TextChoices):
    """`ready` alone may be attached and downloaded."""

    UPLOADING = "uploading", _("uploading")
    QUARANTINED = "quarantined", _("quarantined")
    READY = "ready", _("ready")
    INFECTED = "infected", _("infected")
    REMOVED = "removed", _("removed")


FILE_STATES = StateTable(
    "file",
    [
        Transition("finish", {FileStatus.UPLOADING}, FileStatus.READY),
        Transition("quarantine", {FileStatus.UPLOADING}, FileStatus.QUARANTINED),
        Transition("clear", {FileStatus.QUARANTINED}, FileStatus.READY),
        Transition("condemn", {FileStatus.QUARANTINED}, FileStatus.INFECTED),
        Transition("remove", {FileStatus.UPLOADING, FileStatus.READY}, FileStatus.REMOVED),
    ],
    ends={FileStatus.INFECTED, FileStatus.REMOVED},
)

KEPT_STATUSES = (FileStatus.UPLOADING, FileStatus.QUARANTINED, FileStatus.READY)
"""What takes room."""
