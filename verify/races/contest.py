"""What a contest is: a subject that is brought there, shots that are fired at it at once, and a judgement."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import ClassVar

from verify.market import Stage
from verify.volley import Reply, Shot

Kind = tuple[int, str]


class Contest(ABC):
    """One round of one action. `prepare` brings the subject there, `shots` are fired at once, `judge` names faults."""

    name: ClassVar[str]

    def __init__(self, stage: Stage, number: int) -> None:
        self.stage, self.number = stage, number

    @abstractmethod
    def prepare(self) -> None:
        """Bring the subject to where the contest begins."""

    @abstractmethod
    def shots(self, callers: int) -> list[Shot]:
        """What so many callers ask for, in one moment."""

    @abstractmethod
    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        """Sentences about what is not as it must be."""


def kinds(replies: Sequence[Reply]) -> Counter[Kind]:
    """How often each status came, with its code."""
    return Counter(reply.kind for reply in replies)


def one_wins(replies: Sequence[Reply], status: int, *losses: str) -> Iterator[str]:
    """Exactly one is answered with this status, every other with 409 and one of these codes."""
    found = kinds(replies)
    if found[status, ""] != 1:
        yield f"{found[status, '']} winners: {dict(found)}"
    yield from only(replies, {(status, ""), *((409, code) for code in losses)})


def only(replies: Sequence[Reply], allowed: Collection[Kind]) -> Iterator[str]:
    """Nothing but these is answered."""
    odd = {kind: count for kind, count in kinds(replies).items() if kind not in allowed}
    if odd:
        first = next(reply for reply in replies if reply.kind in odd)
        yield f"answered {odd}: {str(first.body)[:300]}"


def all_same(replies: Sequence[Reply], *fields: str) -> Iterator[str]:
    """Everybody hears the same of these fields."""
    heard = {tuple(str(reply.data.get(field)) for field in fields) for reply in replies if isinstance(reply.data, dict)}
    if len(heard) != 1:
        yield f"{len(heard)} different answers of {fields}: {sorted(heard)[:3]}"


def equal(what: str, found: object, wanted: object) -> Iterator[str]:
    """This is so."""
    if found != wanted:
        yield f"{what}: {found}, not {wanted}"
