"""The language that somebody chose, which only a higher app knows: it says so when it starts."""

from collections.abc import Callable

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import get_language

from accounts.models import User

Source = Callable[[QuerySet[User]], str | None]


class ChosenLanguages:
    """Holds the one function that knows what somebody chose."""

    def __init__(self) -> None:
        self._source: Source | None = None

    def register(self, source: Source) -> None:
        """Called in `AppConfig.ready()` by the app that knows."""
        self._source = source

    def of(self, people: QuerySet[User]) -> str:
        """Among en and hi: what the one person among these chose, else what the request asks for.

        One query, whether there is such a person or not.
        """
        chosen = self._source(people) if self._source else None
        return chosen or get_language() or settings.LANGUAGE_CODE


chosen_languages = ChosenLanguages()
