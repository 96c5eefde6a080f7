"""What a method of a view may hand back besides a plain result."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise


@dataclass
class Answer:
    """A result with more to say: another status, a sentence for people, headers, figures beside `data`.

    `plain` says that `data` already has the shape of the wire and no serializer needs to see it.
    """

    data: Any = None
    status: int | None = None
    message: str | Promise | None = None
    headers: dict[str, str] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    plain: bool = False


@dataclass
class AfterCommit:
    """A result, and what is still to do once it is committed.

    `then` runs outside any transaction, so it may talk to the network; what it returns, if anything, replaces the
    result. The result stands whether or not `then` succeeds: a fault in it is logged, and the result is the answer.
    With `needed`, the result is no answer without it: a fault is the answer then, and the same request is run anew
    when it is repeated, so its method must do no harm twice.
    """

    result: Any
    then: Callable[[], Any]
    needed: bool = False
