"""Maximum ages of khidma.media: files on their way in, in quarantine, held by nothing, and on their way out."""

from datetime import timedelta

from django.db.models import Q

from khidma.kernel.aging import may_last, may_rest, since_last_step
from khidma.media.models import File
from khidma.media.runtime import MediaSettings
from khidma.media.states import FileStatus

may_last(
    File,
    {FileStatus.UPLOADING},
    since="created_at",
    within=timedelta(minutes=25),
    sweep="khidma.media.tasks.remove_files",
)
may_last(
    File,
    {FileStatus.QUARANTINED},
    since="created_at",
    within=timedelta(hours=1),
    sweep="khidma.media.tasks.scan_files",
)
may_last(
    File,
    name="ready, held by nothing",
    where=Q(status=FileStatus.READY, loose_since__isnull=False),
    since="loose_since",
    within=lambda: timedelta(hours=MediaSettings.load().loose_hours + 1),
    sweep="khidma.media.tasks.remove_files",
)
may_last(
    File,
    name="bytes to be erased",
    where=Q(status__in=[FileStatus.INFECTED, FileStatus.REMOVED], erased_at=None),
    since=since_last_step(File),
    within=timedelta(minutes=15),
    sweep="khidma.media.tasks.erase_files",
)
may_rest(File, {FileStatus.READY}, because="A file stays for as long as something holds it.")
