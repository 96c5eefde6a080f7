"""Who may see a file: whoever may see a thing that it is attached to, as the app that owns the thing says."""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

Rule = Callable[[Any, Collection[UUID]], bool]


class ViewingRules:
    """One rule for each sort of thing; higher apps fill them in when they start."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}

    def register(self, thing: str, rule: Rule) -> None:
        """Called in `AppConfig.ready()`: `rule(user, ids)` says whether the user may see any of these things."""
        self._rules[thing] = rule

    def allow(self, user: Any, thing: str, ids: Collection[UUID]) -> bool:
        """Whether the user may see one of these things. :raises KeyError: nobody has said who may see such things."""
        return self._rules[thing](user, ids)

    @property
    def things(self) -> frozenset[str]:
        """What files may be attached to."""
        return frozenset(self._rules)


who_may_see = ViewingRules()
