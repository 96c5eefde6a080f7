"""States as data, and the one door through which a record changes its state."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar, cast, overload

from django.db import models, transaction
from django.db.models.query_utils import DeferredAttribute

from khidma.kernel.errors import InvalidTransition, Refused
from khidma.kernel.models import StateChange

_door_open: ContextVar[bool] = ContextVar("state_door_open", default=False)


class Actor(Protocol):
    """Whoever acts: anything with an id."""

    @property
    def pk(self) -> Any: ...


class StatusAssigned(RuntimeError):
    """A status was written past the door."""


@contextmanager
def _door() -> Iterator[None]:
    token = _door_open.set(True)
    try:
        yield
    finally:
        _door_open.reset(token)


@dataclass(frozen=True)
class Transition:
    """One step: its name, from where to where, who may take it, and how a refusal sounds."""

    action: str
    sources: Collection[str]
    target: str
    actors: Collection[str] = field(default=frozenset({"system"}))
    refusal: type[Refused] = InvalidTransition


class StateTable:
    """All steps of one kind of record. An action may have several rows with different sources."""

    def __init__(self, name: str, transitions: Iterable[Transition], *, ends: Collection[str] = ()) -> None:
        self.name = name
        self.transitions = list(transitions)
        self.ends = frozenset(ends)
        actions = {row.action for row in self.transitions}
        self._rows = {action: [row for row in self.transitions if row.action == action] for action in actions}

    def find(self, action: str, status: str, role: str) -> Transition:
        """The step from here. :raises Refused: the step's own refusal, when the state or the actor forbids it."""
        rows = self._rows[action]
        for row in rows:
            if status in row.sources and role in row.actors:
                return row
        raise rows[0].refusal(details={"status": status})

    def allows(self, action: str, status: str) -> bool:
        """Whether anybody may take this step from this state."""
        return any(status in row.sources for row in self._rows[action])


class _StateAttribute(DeferredAttribute):
    """Refuses to be set on a stored record, but for the door."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        name = self.field.attname
        stored = not instance._state.adding and name in instance.__dict__
        if stored and not _door_open.get() and instance.__dict__[name] != value:
            raise StatusAssigned(f"{type(instance).__name__}.{name} changes through advance() only.")
        instance.__dict__[name] = value


class StateField(models.CharField[str, str]):
    """The column that holds the state of a record; `advance` alone writes it."""

    descriptor_class = _StateAttribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 30)
        super().__init__(*args, **kwargs)


class Stateful(models.Model):
    """A record with a table of states and a `status`."""

    states: ClassVar[StateTable]
    status: Any

    class Meta:
        abstract = True

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Take the stored values over, the status too."""
        with _door():
            super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)


M = TypeVar("M", bound=models.Model)
R = TypeVar("R", bound=Stateful)


@overload
def lock(record: M) -> M: ...
@overload
def lock(record: type[M], pk: object) -> M: ...
def lock(record: Any, pk: Any = None) -> Any:
    """The same row, re-read under a lock that lasts until the transaction ends."""
    model, pk = (record, pk) if isinstance(record, type) else (type(record), record.pk)
    return cast(type[models.Model], model)._default_manager.select_for_update(of=("self",), no_key=True).get(pk=pk)


def advance(
    record: R, action: str, *, by: Actor | None, role: str, reason: str = "", changes: Mapping[str, Any] | None = None
) -> R:
    """Take one step: check it against the table, write the new state, `changes` and the timeline entry.

    The caller holds the row's lock (see `lock`) and publishes its events in the same transaction.
    :raises Refused: the table has no such step from here for this role.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("advance() belongs into a transaction that holds the record's lock.")
    source = cast(str, record.status)
    step = record.states.find(action, source, role)
    with _door():
        record.status = step.target
    for name, value in (changes or {}).items():
        setattr(record, name, value)
    record.save(update_fields=["status", *(changes or {})])
    record_change(record, action=action, source=source, by=by, role=role, reason=reason)
    return record


def record_change(
    record: Stateful, *, action: str, source: str = "", by: Actor | None, role: str, reason: str = ""
) -> StateChange:
    """Write the timeline entry of a step that was just taken; for a new record its first one."""
    return StateChange.objects.create(
        subject_type=record.states.name,
        subject_id=record.pk,
        action=action,
        from_status=source,
        to_status=record.status,
        actor_id=by.pk if by else None,
        actor_role=role,
        reason=reason,
    )


def history(record: Stateful) -> models.QuerySet[StateChange]:
    """Every change of state of this record, oldest first."""
    return StateChange.objects.filter(subject_type=record.states.name, subject_id=record.pk).order_by("id")
