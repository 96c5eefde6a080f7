"""`python -m deploy.catalogues`: turns each khidma/locale/*/LC_MESSAGES/django.po into the django.mo that Django reads.

Django's own command needs gettext's tools, which not every machine has. The form of a .mo file is described in the
manual of gettext, "The Format of GNU MO Files". A test compares each .mo with its .po.
"""

import ast
import struct
from pathlib import Path

LOCALE = Path(__file__).resolve().parent.parent / "khidma" / "locale"
MAGIC, HEADER_BYTES = 0x950412DE, 28


def messages_of(po: str) -> dict[str, str]:
    """The translations of a .po file by their English texts; the header is that of the empty text.

    :raises ValueError: a line that this reader does not know (contexts and plurals are not used here).
    """
    found: dict[str, str] = {}
    texts = {"msgid": "", "msgstr": ""}
    current = ""
    for line in [*po.splitlines(), ""]:
        keyword, _, rest = line.partition(" ")
        if keyword in texts:
            current = keyword
            texts[current] = ast.literal_eval(rest)
        elif line.startswith('"') and current:
            texts[current] += ast.literal_eval(line)
        elif not line.strip() or line.startswith("#"):
            if current == "msgstr":
                found[texts["msgid"]] = texts["msgstr"]
            current = ""
        else:
            raise ValueError(f"Not understood: {line}")
    return found


def compiled(messages: dict[str, str]) -> bytes:
    """The same as a .mo file; what has no translation is left out."""
    pairs = sorted((text.encode(), translated.encode()) for text, translated in messages.items() if translated)
    count = len(pairs)
    texts_at, translations_at = HEADER_BYTES, HEADER_BYTES + 8 * count
    offset = HEADER_BYTES + 16 * count
    tables, strings = b"", b""
    for column in (0, 1):
        for pair in pairs:
            tables += struct.pack("<II", len(pair[column]), offset + len(strings))
            strings += pair[column] + b"\0"
    header = struct.pack("<7I", MAGIC, 0, count, texts_at, translations_at, 0, offset)
    return header + tables + strings


def compile_all(locale: Path = LOCALE) -> list[Path]:
    """Write every .mo; their paths."""
    written = []
    for po in sorted(locale.glob("*/LC_MESSAGES/django.po")):
        mo = po.with_suffix(".mo")
        mo.write_bytes(compiled(messages_of(po.read_text("utf-8"))))
        written.append(mo)
    return written


if __name__ == "__main__":
    for path in compile_all():
        print(path)
