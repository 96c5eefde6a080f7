"""Files that the scanner refused."""

from khidma.kernel.events import handles
from khidma.media.events import FileCondemned
from notifications.handlers.telling import tell
from notifications.sentences import sentence as _


@handles(FileCondemned)
def tell_owner_of_condemned_file(event: FileCondemned) -> None:
    title = _("A file was removed")
    body = _("“%(name)s” holds malware and was removed. Please check your device.", name=event.file_name)
    tell(event.owner_id, "file_infected", title, body, "/files", fileId=event.file_id)
