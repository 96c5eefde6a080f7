"""What may stand in a text of a user, and how Python's names are written on the wire."""

import re
import unicodedata
from functools import lru_cache

LINE_BREAKS = re.compile("\r\n|[\r\u0085\u2028\u2029]")
BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str, *, single_line: bool = False) -> str:
    """The text without control and bidirectional characters; line breaks become `\\n`, or a space in a single line."""
    if text.isascii() and text.isprintable():
        return text
    text = LINE_BREAKS.sub("\n", text)
    if single_line:
        text = text.replace("\n", " ").replace("\t", " ")
    return "".join(character for character in text if character in "\n\t" or not _is_hidden(character))


def _is_hidden(character: str) -> bool:
    return character in BIDIRECTIONAL or unicodedata.category(character) in {"Cc", "Cs"}


@lru_cache(maxsize=4096)
def camel(name: str) -> str:
    """`budget_min` → `budgetMin`; a leading underscore stays."""
    head, *rest = name.split("_")
    if not head:
        return name
    return head + "".join(part[:1].upper() + part[1:] for part in rest)
