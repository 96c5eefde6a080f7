"""Finds phones, e-mail addresses, payment handles and links to messengers in a text, and masks them.

Before an order is funded the two sides talk here alone. What counts is what a reader would dial or type: the text is
first brought to plain characters (full-width and Devanagari digits, invisible characters, numbers in words), each
remembering where it stood; amounts, dates, times and ids are set aside before digits are joined to phones.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath

from django.utils.translation import gettext_lazy as _

MASK = "••••"
MASKED_WARNING = _(
    "Phone numbers, e-mail addresses, payment handles and links to messengers are hidden until the order is paid. "
    "Talk and pay here: what happens elsewhere cannot be protected. Trying again lowers your trust score."
)


@dataclass(frozen=True)
class Found:
    """One contact detail: what it is (`phone`, `email`, `payment`, `link`) and where it stands in the text."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Masked:
    """A text fit for the other side, and the kinds of what is hidden in it, each once."""

    text: str
    kinds: tuple[str, ...]


def mask_contacts(text: str) -> Masked:
    """The text with every contact detail replaced by `MASK`; unchanged, and without kinds, if it has none."""
    found = find_contacts(text)
    if not found:
        return Masked(text, ())
    pieces, at = [], 0
    for start, end in _merged(found):
        pieces += [text[at:start], MASK]
        at = end
    return Masked("".join([*pieces, text[at:]]), tuple(sorted({one.kind for one in found})))


def mask_name(name: str) -> Masked:
    """The same of a file's name, but for its ending."""
    path = PurePath(name)
    masked = mask_contacts(path.stem)
    return Masked(masked.text + path.suffix, masked.kinds)


def find_contacts(text: str) -> list[Found]:
    """Every contact detail in the text, in no order; they may overlap."""
    plain, places = _plain(text)
    patterns = WITHOUT_AT if ANY_AT.search(plain) is None else [*WITH_AT, *WITHOUT_AT]
    spans = [(kind, match.span()) for kind, pattern in patterns for match in pattern.finditer(plain)]
    spans += [("phone", span) for span in _phones(plain)]
    return [Found(kind, places[start], places[end - 1] + 1) for kind, (start, end) in spans]


def _merged(found: Iterable[Found]) -> Iterator[tuple[int, int]]:
    """The places, in order, those that overlap as one."""
    start = end = -1
    for one in sorted(found, key=lambda one: one.start):
        if one.start >= end:
            if end > 0:
                yield start, end
            start, end = one.start, one.end
        end = max(end, one.end)
    yield start, end


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """The text in plain lower-case characters, and for each of them the place that it comes from."""
    if text.isascii():
        return text.lower(), range(len(text))
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for plain in character.lower() if character.isascii() else _spelled(character):
            characters.append(plain)
            places.append(place)
    return "".join(characters), places


def _spelled(character: str) -> str:
    """A character as plain ones: digits of any script as 0–9, nothing for what cannot be seen."""
    if unicodedata.category(character) in {"Cf", "Me"} or "\ufe00" <= character <= "\ufe0f":
        return ""
    if (digit := unicodedata.digit(character, -1)) >= 0:
        return str(digit)
    return unicodedata.normalize("NFKC", character).lower()


# Addresses ---------------------------------------------------------------------------------------------------------

AT_SIGN = r"\s*(?:@|[(\[{<]\s*at\s*[)\]}>])\s*"
DOT_SIGN = r"\s*(?:\.|[(\[{<]\s*dot\s*[)\]}>]|\sdot\s)\s*"
ENDING = r"(?:com|in|co|net|org|edu|io|me|ac|info|live|pro)"
MAILERS = r"(?:gmail|googlemail|ymail|yahoo|hotmail|outlook|rediffmail|protonmail|icloud)"
ONLY_MAILERS = r"(?:gmail|googlemail|ymail|hotmail|rediffmail|protonmail)"
UPI = (
    r"(?:ok(?:axis|hdfc|hdfcbank|icici|sbi)|ybl|ibl|axl|yapl|apl|rapl|paytm|pt(?:yes|axis|hdfc|sbi)|upi"
    r"|wa(?:icici|hdfcbank|sbi|axis)|fam|jupiteraxis|naviaxis|freecharge)"
)
NAME = r"(?<![\w.%+-])[\w.%+-]{1,64}"

ANY_AT = re.compile(r"@|[(\[{<]\s*at\s*[)\]}>]|\sat\s")
"""What each of the next has somewhere: most texts have none, and to look for all of them takes long."""
WITH_AT = [
    ("email", re.compile(rf"{NAME}{AT_SIGN}[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,4}}\.[a-z]{{2,24}}\b")),
    ("email", re.compile(rf"{NAME}{AT_SIGN}[\w-]{{1,63}}(?:{DOT_SIGN}{ENDING}\b){{1,2}}")),
    ("email", re.compile(rf"{NAME}\s+at\s+[\w-]{{1,63}}(?:\s*(?:[(\[{{<]dot[)\]}}>]|\sdot\s)\s*{ENDING}\b){{1,2}}")),
    ("email", re.compile(rf"{NAME}\s+at\s+{MAILERS}{DOT_SIGN}{ENDING}\b")),
    ("email", re.compile(rf"{NAME}(?:\s+at\s+|{AT_SIGN}){ONLY_MAILERS}\b")),
    ("payment", re.compile(r"(?<![\w.%+-])[\w.-]{2,256}@[a-z][a-z0-9]{1,64}\b(?!\.\w)")),
    ("payment", re.compile(rf"(?<![\w.%+-])[\w.-]{{2,256}}{AT_SIGN}{UPI}\b")),
    ("payment", re.compile(r"(?<![\w.%+-])[\w.-]{2,256}\s+at\s+(?:ok(?:axis|hdfc|hdfcbank|icici|sbi)|ybl|ibl|axl)\b")),
]
WITHOUT_AT = [
    ("payment", re.compile(r"\bupi://\S+")),
    (
        "link",
        re.compile(
            rf"(?:https?://)?(?<![\w.-])(?:www\.)?(?:wa{DOT_SIGN}me|t{DOT_SIGN}me|telegram{DOT_SIGN}(?:me|dog)"
            r"|(?:api|chat|web)\.whatsapp\.com|whatsapp\.com|signal\.me)(?:\s*/\s*|\s+slash\s+)\S+"
        ),
    ),
    ("link", re.compile(r"\b(?:whatsapp|tg|tel|sms)://?\S+|\btel:\S+")),
]

# Phones ------------------------------------------------------------------------------------------------------------

UNITS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "oh": "0", "shunya": "0", "ek": "1", "do": "2", "teen": "3", "char": "4", "chaar": "4",
    "panch": "5", "paanch": "5", "che": "6", "chhe": "6", "saat": "7", "sat": "7", "aath": "8", "nau": "9",
    "शून्य": "0", "एक": "1", "दो": "2", "तीन": "3", "चार": "4", "पांच": "5", "पाँच": "5", "छह": "6", "छः": "6", "छे": "6",
    "सात": "7", "आठ": "8", "नौ": "9",
}  # fmt: skip
TENS = {
    "twenty": "2", "thirty": "3", "forty": "4", "fifty": "5", "sixty": "6", "seventy": "7", "eighty": "8",
    "ninety": "9",
}  # fmt: skip
TEENS = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15",
    "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
}  # fmt: skip
TIMES = {"double": 2, "triple": 3}


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


UNIT = _any_of(UNITS)
GROUP = re.compile(
    rf"(?<![^\W\d_])(?:(?P<times>{_any_of(TIMES)})[\s-]*(?P<repeated>\d|{UNIT})"
    rf"|(?P<tens>{_any_of(TENS)})(?:[\s-]*(?P<unit>{UNIT}))?|(?P<teen>{_any_of(TEENS)})|(?P<words>(?:{UNIT})+))"
    rf"(?![^\W\d_])|(?P<digits>\d(?:\d|o(?=\d|o*(?![^\W\d_])))*)"
)
ONE_UNIT = re.compile(UNIT)
BETWEEN = re.compile(
    r"[\s.,:;/|*_~+()\[\]{}'\"–—‐‑•·#&!=-]{0,4}"
    r"(?:(?:and then|and|then|aur|phir|dash|dot|space|hyphen|minus|फिर|और)\s{1,2})?"
)
STRONG = re.compile(r"[,;:!?\n]|\.\s|[+|=&#]|\b(?:and|aur)\b|और")
"""A new thought: what stands on both sides is seldom one number."""

ASIDE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![0-9a-z])[0-9a-f]{32}(?![0-9a-z])"  # ids
    r"|\b(?:order|pay|rfnd|pout|cust|acc|setl)_[a-z0-9]{14}\b"  # the gateway's ids
    r"|(?<!\d)(?:0?[1-9]|[12]\d|3[01])([/.-])(?:0?[1-9]|1[0-2])\1(?:(?:19|20)\d\d|\d\d)(?!\d|[/.-]\d)"  # days
    r"|(?<!\d)(?:19|20)\d\d([/.-])(?:0?[1-9]|1[0-2])\2(?:0?[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?<!\d)(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?!\d)"  # times
    r"|(?<![\d,])\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d{1,2})?(?![\d,]*\d)"  # 1,20,000 and 120,000.50
    r"|(?:₹|\brs\b\.?|\binr\b|\brupees\b)\s*\d{1,9}(?:\.\d{1,2})?(?!\d)(?:\s*[-–—]\s*\d{1,9}(?!\d))?"  # amounts
    r"|(?<!\d)\d{1,9}(?:\.\d{1,2})?\s*(?:/-|rs\b|inr\b|rupees\b|lakhs?\b|crores?\b|k\b|%)"
    r"|(?<![\d.])\d{1,6}\.\d{1,2}(?!\.?\d)"  # 7.5
    r"|\bpin(?:\s?code)?\s*[:#-]?\s*[1-9]\d{2}\s?\d{3}(?!\d)"  # PIN codes
)
NATIONAL = re.compile(r"(?:(?:00)?91|0)?[6-9]\d{9}|0[1-5]\d{9}")
LONGEST = 15


@dataclass(frozen=True)
class Group:
    """Digits that stand together, and how they are joined to those before: not, weakly or strongly."""

    digits: str
    start: int
    end: int
    joined: str = ""


def _phones(plain: str) -> Iterator[tuple[int, int]]:
    """Where phones stand. Groups of digits are joined as long as a reader would read them as one number."""
    if GROUP.search(plain) is None:
        return
    plain = ASIDE.sub(lambda match: "§" * len(match.group()) if _is_aside(match.group()) else match.group(), plain)
    groups = list(_groups(plain))
    first = 0
    while first < len(groups):
        last = _phone_from(plain, groups, first)
        if last is None:
            first += 1
            continue
        yield _with_prefix(plain, groups[first].start), groups[last].end
        first = last + 1


def _is_aside(part: str) -> bool:
    """An amount with the digits of a mobile number is taken for the number: nobody pays ₹600 crore here."""
    digits = "".join(character for character in part if character.isdigit())
    return not ("," in part and re.fullmatch(r"[6-9]\d{9}", digits))


def _groups(plain: str) -> Iterator[Group]:
    before: Group | None = None
    for match in GROUP.finditer(plain):
        between = plain[before.end : match.start()] if before else "§"
        joined = "" if not BETWEEN.fullmatch(between) else "strong" if STRONG.search(between) else "weak"
        before = Group(_digits(match), match.start(), match.end(), joined)
        yield before


def _digits(match: re.Match[str]) -> str:
    parts = match.groupdict()
    if parts["digits"]:
        return parts["digits"].replace("o", "0")
    if parts["times"]:
        return UNITS.get(parts["repeated"], parts["repeated"]) * TIMES[parts["times"]]
    if parts["tens"]:
        return TENS[parts["tens"]] + UNITS.get(parts["unit"] or "", "0")
    if parts["teen"]:
        return TEENS[parts["teen"]]
    return "".join(UNITS[word] for word in ONE_UNIT.findall(match.group()))


def _phone_from(plain: str, groups: list[Group], first: int) -> int | None:
    """The last group of the phone that begins with this one, if one does."""
    digits, last = groups[first].digits, first
    is_foreign = plain[: groups[first].start].endswith("+")
    while True:
        window = groups[first : last + 1]
        is_phone = NATIONAL.fullmatch(digits) or (is_foreign and 10 <= len(digits) <= LONGEST)
        if is_phone and _reads_as_one(groups, first, last, window):
            return last
        last += 1
        if last == len(groups) or not groups[last].joined or len(digits) + len(groups[last].digits) > LONGEST:
            return None
        digits += groups[last].digits


def _reads_as_one(groups: list[Group], first: int, last: int, window: list[Group]) -> bool:
    """Whether the groups are one number, and not amounts, measures or a PIN code that happen to stand side by side."""
    if len(window) == 1:
        return True
    lengths = [len(group.digits) for group in window]
    if max(lengths) <= 3:
        return _is_whole_run(groups, first, last) and not _counts_up(window)
    if any(group.joined == "strong" for group in window[1:]):
        return False
    parts = [group.digits for group in window if len(group.digits) > 3]
    if len(parts) > 1 and all(part.endswith("00") for part in parts):
        return False
    is_pin_and_amount = lengths == [6, 4] and (parts[1].endswith("00") or parts[1].startswith(("19", "20")))
    return not is_pin_and_amount


def _is_whole_run(groups: list[Group], first: int, last: int) -> bool:
    """Whether nothing short stands right before or after: a long row of small numbers is no phone."""
    before = first > 0 and groups[first].joined and len(groups[first - 1].digits) <= 3
    after = last + 1 < len(groups) and groups[last + 1].joined and len(groups[last + 1].digits) <= 3
    return not (before or after)


def _counts_up(window: list[Group]) -> bool:
    numbers = [int(group.digits) for group in window]
    return all(low < high for low, high in pairwise(numbers))


def _with_prefix(plain: str, start: int) -> int:
    """Where the number begins for a reader: with its `+` or bracket."""
    while start > 0 and plain[start - 1] in "+(":
        start -= 1
    return start
