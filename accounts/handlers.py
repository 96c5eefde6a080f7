"""What accounts does when something happens to a file."""

from accounts.services import reject_infected
from khidma.kernel.events import handles
from khidma.media.events import FileCondemned


@handles(FileCondemned)
def reject_infected_document(event: FileCondemned) -> None:
    """A document with malware shows nothing about anybody."""
    reject_infected(file_id=event.file_id)
