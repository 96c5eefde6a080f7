"""What people are told: sentences that are put into words in the receiver's language, not where they are written."""

from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.translation import gettext
from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Sentence:
    """An English sentence of the catalogue (`khidma/locale`) with the values that stand in it."""

    text: str
    values: dict[str, Any]

    def __str__(self) -> str:
        """In the language that is active now."""
        return gettext(self.text) % self.values


def sentence(text: str, **values: Any) -> Sentence:
    """Imported as `_`, so that the tools that collect texts for translation find it. Values may be lazy."""
    return Sentence(text, values)


Said = Sentence | StrOrPromise
"""A sentence, or words that somebody wrote, such as an operator's reason."""

in_words = lazy(date_format, str)
"""A moment in a format of Django's, with the month's name in the receiver's language."""
