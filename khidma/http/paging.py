"""Pages with a capped total, and feeds by keyset that lose and repeat nothing while rows arrive."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NoReturn
from uuid import UUID

from django.core import signing
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from khidma.http.fields import Integer, Text
from khidma.http.serializers import Query
from khidma.kernel.errors import Invalid

COUNT_CAP = 10_000
MAX_LIMIT = 100
MAX_PAGE = 2**31 - 1


class PageQuery(Query):
    """Which page of a list."""

    page = Integer(required=False, default=1, min_value=1, max_value=MAX_PAGE)
    limit = Integer(required=False, default=20, min_value=1, max_value=MAX_LIMIT)


class FeedQuery(PageQuery):
    """Which page of a feed, or everything after a cursor."""

    cursor = Text(required=False, max_length=1000)


@dataclass
class Paged:
    """One page of a list and where it stands; `extras` (stats, summary) go beside `data`."""

    items: Sequence[Any]
    pagination: dict[str, Any]
    extras: dict[str, Any] = field(default_factory=dict)


def page(
    rows: QuerySet[Any] | Sequence[Any], *, number: int, limit: int, counted: QuerySet[Any] | None = None
) -> Paged:
    """One page by number. Past the end, and past the cap of what is counted, it is empty.

    `counted` are all rows, where `rows` are only those up to this page.
    """
    start = (number - 1) * limit
    items = list(rows[start : start + limit]) if start < COUNT_CAP else []
    total, is_capped = _total(rows if counted is None else counted, start=start, limit=limit, found=len(items))
    return Paged(items, _pagination(number=number, limit=limit, total=total, is_capped=is_capped))


Narrow = Callable[[QuerySet[Any], int], QuerySet[Any]]
"""Few rows among which the first so many of these, in the order of the feed, are sure to be."""


def feed(
    rows: QuerySet[Any],
    *,
    order: Sequence[str],
    number: int,
    limit: int,
    cursor: str | None,
    scope: str,
    narrow: Narrow | None = None,
) -> Paged:
    """One page of a feed in the given order: all keys in one direction, the last one unique, none null.

    Where no index has the whole order, `narrow` finds the few rows that are worth sorting.
    """
    place = Cursor(order, scope)
    few = narrow or (lambda all_rows, count: all_rows)
    if cursor is None:
        ordered = few(rows, min(number * limit, COUNT_CAP) + 1).order_by(*order)
        paged = page(ordered, number=number, limit=limit, counted=rows)
        more = ordered[number * limit : number * limit + 1].exists() if len(paged.items) == limit else False
    else:
        number, values = place.read(cursor)
        found = list(few(rows.filter(place.after(values)), limit + 1).order_by(*order)[: limit + 1])
        more = len(found) > limit
        total, is_capped = _total(rows, start=0, limit=limit, found=limit)
        paged = Paged(found[:limit], _pagination(number=number, limit=limit, total=total, is_capped=is_capped))
        paged.pagination["hasNext"] = more
    paged.pagination["nextCursor"] = place.write(number + 1, paged.items[-1]) if more else None
    return paged


def _total(rows: QuerySet[Any] | Sequence[Any], *, start: int, limit: int, found: int) -> tuple[int, bool]:
    if 0 < found < limit or (found == 0 and start == 0):
        return start + found, False
    if not isinstance(rows, QuerySet):
        return len(rows), False
    counted = rows.order_by()
    if counted._fields is None:  # type: ignore[attr-defined]
        counted = counted.values("pk")
    total = counted[: COUNT_CAP + 1].count()
    return min(total, COUNT_CAP), total > COUNT_CAP


def _pagination(*, number: int, limit: int, total: int, is_capped: bool) -> dict[str, Any]:
    pages = -(-total // limit)
    pagination = {
        "page": number,
        "limit": limit,
        "total": total,
        "totalPages": pages,
        "hasNext": number < pages,
        "hasPrev": number > 1,
    }
    if is_capped:
        pagination["totalIsCapped"] = True
    return pagination


class Cursor:
    """A place in one feed: signed, so that it can only be one that this feed gave out."""

    def __init__(self, order: Sequence[str], scope: str) -> None:
        self.names = [name.removeprefix("-") for name in order]
        self.falls = order[0].startswith("-")
        if any(name.startswith("-") != self.falls for name in order):
            raise ValueError("the keys of a feed must all point one way")
        self.scope = [scope, ",".join(order)]
        self.signer = signing.Signer(salt="khidma.http.cursor")

    def write(self, number: int, row: Any) -> str:
        values = [_to_json(_value(row, name)) for name in self.names]
        return self.signer.sign_object([*self.scope, number, values])

    def read(self, cursor: str) -> tuple[int, list[Any]]:
        """The page's number and the keys of the last row seen. :raises Invalid: no cursor of this feed."""
        try:
            scope, order, number, values = self.signer.unsign_object(cursor)
        except (signing.BadSignature, ValueError):
            self._refuse()
        if [scope, order] != self.scope:
            self._refuse()
        return number, [_from_json(value) for value in values]

    def _refuse(self) -> NoReturn:
        raise Invalid(details={"cursor": [str(_("This is no cursor of this list."))]})

    def after(self, values: Sequence[Any]) -> Q:
        """The rows behind that place; the first key stands alone too, so that an index can serve it."""
        step = "lt" if self.falls else "gt"
        condition = Q(**{f"{self.names[-1]}__{step}": values[-1]})
        for name, value in list(zip(self.names, values, strict=True))[-2::-1]:
            condition = Q(**{f"{name}__{step}": value}) | (Q(**{name: value}) & condition)
        return Q(**{f"{self.names[0]}__{step}e": values[0]}) & condition


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = row[name] if isinstance(row, Mapping) else getattr(row, name)
    return row


def _to_json(value: Any) -> list[Any]:
    if isinstance(value, datetime):
        return ["moment", value.isoformat()]
    if isinstance(value, date):
        return ["day", value.isoformat()]
    if isinstance(value, UUID):
        return ["id", value.hex]
    if isinstance(value, int | str):
        return ["", value]
    raise TypeError(f"a feed cannot be ordered by a {type(value).__name__}")


def _from_json(pair: list[Any]) -> Any:
    kind, value = pair
    readers: dict[str, Any] = {
        "moment": datetime.fromisoformat,
        "day": date.fromisoformat,
        "id": UUID,
        "": lambda plain: plain,
    }
    return readers[kind](value)
