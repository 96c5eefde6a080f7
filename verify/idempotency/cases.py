"""What a request is, and the table of who makes one for which operation."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from sandbox.testing import StandIn

Body = dict[str, Any] | None
DAY = 86_400


@dataclass
class Case:
    """One request that must go well once, and who else might try its key.

    After a crash, tables of `comes_again` may rightly have more rows (what is sent at least once), and those of
    `comes_later` fewer (what another operation or a sweep makes up for).
    """

    user: User
    path: str
    body: Body = None
    other: User | None = None
    comes_again: set[str] = field(default_factory=set)
    comes_later: set[str] = field(default_factory=set)


Maker = Callable[[StandIn], Case]
MAKERS: dict[str, Maker] = {}


def case(operation: str) -> Callable[[Maker], Maker]:
    """This function makes the ground for the operation, called by method and path as in the document."""

    def register(maker: Maker) -> Maker:
        MAKERS[operation] = maker
        return maker

    return register


def soon(days: int = 7) -> int:
    """A moment of the wire."""
    return int((time.time() + days * DAY) * 1000)
