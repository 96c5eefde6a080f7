"""Every write of khidma.media, by use case."""

from khidma.media.services.attaching import attach, check_files
from khidma.media.services.bytes import open_file
from khidma.media.services.cleaning import erase_bytes, remove_loose, remove_unfinished
from khidma.media.services.receiving import receive_file
from khidma.media.services.scanning import scan_next

__all__ = [
    "attach",
    "check_files",
    "erase_bytes",
    "open_file",
    "receive_file",
    "remove_loose",
    "remove_unfinished",
    "scan_next",
]
