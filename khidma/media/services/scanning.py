"""Files in quarantine, until the scanner has looked at them."""

import logging
from datetime import timedelta

from django.db import transaction

from khidma.kernel.clock import Now
from khidma.kernel.errors import Unavailable
from khidma.kernel.events import publish
from khidma.kernel.states import advance
from khidma.media.events import FileCondemned
from khidma.media.models import File
from khidma.media.providers import scanner
from khidma.media.providers.scanner import Verdict
from khidma.media.services.bytes import open_file
from khidma.media.states import FileStatus

logger = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(minutes=2)
"""Longer than one scan; after it a file is asked about anew, whether the scanner was silent or we died."""


def scan_next() -> bool:
    """Have the file that has waited longest scanned, and free or condemn it. False: none is due."""
    file = _claim()
    if file is None:
        return False
    try:
        with open_file(file) as content:
            verdict = scanner.scan(content)
    except Unavailable:
        verdict = Verdict.UNKNOWN
    if verdict is Verdict.UNKNOWN:
        logger.warning("file_not_scanned", extra={"file_id": str(file.pk)})
    else:
        _settle(file, verdict)
    return True


@transaction.atomic
def _claim() -> File | None:
    due = File.objects.filter(status=FileStatus.QUARANTINED, scan_at__lte=Now()).order_by("scan_at")
    file = due.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
    if file is not None:
        File.objects.filter(pk=file.pk).update(scan_at=Now() + AGAIN_AFTER)
    return file


@transaction.atomic
def _settle(file: File, verdict: Verdict) -> None:
    waiting = File.objects.filter(pk=file.pk, status=FileStatus.QUARANTINED).select_for_update(no_key=True).first()
    if waiting is None:
        return
    if verdict is Verdict.CLEAN:
        is_loose = not waiting.attachments.exists()  # sealed files are attached before they are scanned
        changes = {"scan_at": None, "loose_since": Now() if is_loose else None}
        advance(waiting, "clear", by=None, role="system", changes=changes)
        return
    advance(waiting, "condemn", by=None, role="system", changes={"scan_at": None})
    publish(FileCondemned(file_id=waiting.pk, owner_id=waiting.owner_id, file_name=waiting.name))
