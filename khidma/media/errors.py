"""Every way khidma.media says no."""

from django.utils.translation import gettext_lazy as _

from khidma.http.errors import PayloadTooLarge, UnsupportedMediaType
from khidma.kernel.errors import Invalid, Refused

__all__ = ["DamagedFile", "FileInfected", "FileNotReady", "FileTooLarge", "FileTypeRefused", "QuotaUsedUp"]


class FileTypeRefused(UnsupportedMediaType):
    """The bytes are of no type that this kind of file takes, whatever its name and headers say."""

    message = _("This kind of file is not accepted here.")


class FileTooLarge(PayloadTooLarge):
    """The file is larger than its kind may be; `details.limit` in bytes."""

    message = _("The file is too large.")


class DamagedFile(Invalid):
    """The bytes begin like a type that is taken, but cannot be read as one, or are made to harm who opens them."""

    message = _("The file is damaged, or too large once it is unpacked.")

    def __init__(self, complaint: object) -> None:
        super().__init__(details={"file": [str(complaint)]})


class QuotaUsedUp(Refused):
    """The caller's files would take more room than one user has; `details.limit` in bytes."""

    code = "media_quota_exceeded"
    message = _("You have no room left for more files.")


class FileNotReady(Refused):
    """The file is still being looked at for malware."""

    code = "file_not_ready"
    message = _("This file is still being checked. Please try again in a moment.")


class FileInfected(Refused):
    """The scanner found malware in the file; its bytes are gone."""

    code = "file_infected"
    message = _("This file was removed, because it holds malware.")
