"""Figures of a user that only a higher app knows: it fills them in when it starts."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class ProfileFigures:
    """Money in paise; `None` where nobody has said."""

    total_earnings: int | None = None
    wallet_balance: int | None = None
    pending_balance: int | None = None
    bank_account_id: UUID | None = None


class FiguresRegistry:
    """Holds the one function that knows the figures."""

    def __init__(self) -> None:
        self._source: Callable[[UUID], ProfileFigures] | None = None

    def register(self, source: Callable[[UUID], ProfileFigures]) -> None:
        """Called in `AppConfig.ready()` by the app that knows."""
        self._source = source

    def of(self, user_id: UUID) -> ProfileFigures:
        """The figures of one user, now."""
        return self._source(user_id) if self._source else ProfileFigures()


profile_figures = FiguresRegistry()
