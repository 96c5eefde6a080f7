"""How long anything may stay as it is: the table of maximum ages, filled by the module `ages` of every app."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, F, Max, Min, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils.module_loading import autodiscover_modules

from khidma.kernel.clock import Now, now
from khidma.kernel.models import StateChange
from khidma.kernel.states import Stateful

Within = timedelta | Callable[[], timedelta]


@dataclass(frozen=True)
class MaximumAge:
    """One row of the table: what is in `where` must have left it `within` so long after the moment `since`.

    `since` is when it got there, or a deadline of its own. `sweep` is the task that ends it; where people must act,
    `people` says who. `states` are those of the model's StateTable that the row covers.
    """

    name: str
    model: type[models.Model]
    where: Q
    since: str | Combinable
    within: Within
    sweep: str = ""
    people: str = ""
    states: frozenset[str] = frozenset()

    @property
    def limit(self) -> timedelta:
        """The age beyond which something is wrong."""
        return self.within() if callable(self.within) else self.within

    def rows(self) -> models.QuerySet[models.Model]:
        """Everything that is there now, old or not, with its moment as `aged_since`."""
        since = F(self.since) if isinstance(self.since, str) else self.since
        found: models.QuerySet[models.Model] = self.model._base_manager.filter(self.where).annotate(aged_since=since)
        return found

    def over_age(self) -> models.QuerySet[models.Model]:
        """What should not be there any more, the oldest first."""
        return self.rows().filter(aged_since__lt=Now() - self.limit).order_by("aged_since")


@dataclass(frozen=True)
class Regular:
    """Something that must happen again and again: the newest row may not be older than `within`."""

    name: str
    model: type[models.Model]
    where: Q
    since: str
    within: timedelta
    sweep: str


@dataclass(frozen=True)
class Resting:
    """States that are no end and in which nothing is waited for, with the reason why."""

    model: type[Stateful]
    states: frozenset[str]
    because: str


@dataclass(frozen=True)
class Measured:
    """A row of the table with its figures: how many there are, how many over age, and the age of the oldest."""

    name: str
    limit: timedelta
    count: int
    over: int
    oldest: timedelta | None
    ended_by: str
    examples: tuple[str, ...] = ()


_ages: dict[str, MaximumAge] = {}
_regular: dict[str, Regular] = {}
_resting: list[Resting] = []


def may_last(
    model: type[models.Model],
    states: Collection[str] = (),
    *,
    within: Within,
    since: str | Combinable,
    where: Q | None = None,
    name: str = "",
    sweep: str = "",
    people: str = "",
) -> None:
    """Add a row: in these states (and in `where`), no longer than this."""
    if bool(sweep) == bool(people):
        raise ValueError(f"{model.__name__} {sorted(states)}: either a sweep ends it, or people do.")
    where = (where or Q()) & (Q(status__in=sorted(states)) if states else Q())
    name = f"{model._meta.label_lower}: {name or ', '.join(sorted(states))}"
    if name in _ages:
        raise ValueError(f"{name} has two maximum ages of one name.")
    _ages[name] = MaximumAge(name, model, where, since, within, sweep, people, frozenset(map(str, states)))


def must_happen(
    model: type[models.Model], *, name: str, since: str, within: timedelta, sweep: str, where: Q | None = None
) -> None:
    """Add a row for something that repeats: the newest of these rows is never older than this."""
    _regular[name] = Regular(name, model, where or Q(), since, within, sweep)


def may_rest(model: type[Stateful], states: Collection[str], *, because: str) -> None:
    """Say that nothing waits for a record in these states, though they are no ends, and why."""
    _resting.append(Resting(model, frozenset(map(str, states)), because))


def since_last_step(model: type[Stateful]) -> Subquery:
    """The moment of a record's last change of state, where no column of its own says it."""
    steps = StateChange.objects.filter(subject_type=model.states.name, subject_id=OuterRef("pk"))
    return Subquery(steps.order_by("-id").values("at")[:1])


def maximum_ages() -> list[MaximumAge]:
    """The table, by name."""
    autodiscover_modules("ages")
    return [_ages[name] for name in sorted(_ages)]


def regular() -> list[Regular]:
    """What must happen again and again, by name."""
    autodiscover_modules("ages")
    return [_regular[name] for name in sorted(_regular)]


def resting() -> list[Resting]:
    """Where nothing is waited for."""
    autodiscover_modules("ages")
    return list(_resting)


def measure(*, examples: int = 0) -> list[Measured]:
    """The figures of every row of the table: one query for each, and one more for the examples of what is over age."""
    moment = now()
    measured = [_measured(age, moment, examples) for age in maximum_ages()]
    return measured + [_repeated(one, moment) for one in regular()]


def _measured(age: MaximumAge, moment: datetime, examples: int) -> Measured:
    limit = age.limit
    is_over = Q(aged_since__lt=moment - limit)
    found = age.rows().aggregate(count=Count("pk"), over=Count("pk", filter=is_over), oldest=Min("aged_since"))
    shown = tuple(str(pk) for pk in age.over_age().values_list("pk", flat=True)[:examples]) if found["over"] else ()
    return Measured(
        name=age.name,
        limit=limit,
        count=found["count"],
        over=found["over"],
        oldest=_age(moment, found["oldest"]),
        ended_by=age.sweep or age.people,
        examples=shown,
    )


def _repeated(one: Regular, moment: datetime) -> Measured:
    """What has never happened is as late as the database is old."""
    begun = Subquery(MigrationRecorder.Migration.objects.order_by("applied").values("applied")[:1])
    rows = one.model._base_manager.filter(one.where)
    age = _age(moment, rows.aggregate(newest=Coalesce(Max(one.since), begun))["newest"])
    return Measured(
        name=one.name,
        limit=one.within,
        count=1,
        over=int(age is None or age > one.within),
        oldest=age,
        ended_by=one.sweep,
    )


def _age(moment: datetime, since: datetime | None) -> timedelta | None:
    return max(moment - since, timedelta(0)) if since else None
