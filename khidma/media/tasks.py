"""Periodic work of khidma.media."""

from khidma.kernel.sweeps import sweep
from khidma.media import services
from khidma.media.selectors import list_to_erase

BATCH = 200


@sweep(every=5)
def scan_files() -> int:
    """Files in quarantine, the one that has waited longest first."""
    scanned = 0
    while scanned < BATCH and services.scan_next():
        scanned += 1
    return scanned


@sweep(every=300)
def remove_files() -> int:
    """Uploads that never finished, and files that nothing holds."""
    return services.remove_unfinished() + services.remove_loose()


@sweep(every=60)
def erase_files() -> int:
    """The bytes of what was removed or condemned."""
    return sum(services.erase_bytes(file_id) for file_id in list_to_erase(BATCH))
