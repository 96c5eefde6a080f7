"""The name under which a file is shown: never a path, and with the ending that its type has."""

import re

from khidma.http.text import clean

LONGEST = 120
NOT_SHOWN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]+')


def clean_name(given: str, *, extension: str) -> str:
    """The last part of a name, readable, with this ending; `file` where nothing is left."""
    last = re.split(r"[/\\]", clean(given, single_line=True))[-1]
    stem = NOT_SHOWN.sub(" ", last).rpartition(".")[0] or last
    stem = " ".join(NOT_SHOWN.sub(" ", stem).split()).strip(". ")
    return f"{stem[: LONGEST - len(extension) - 1].rstrip('. ') or 'file'}.{extension}"
