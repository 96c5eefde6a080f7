"""One call to the gateway as its functions see it, and the shape of lists."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import Rejected
from sandbox.fields import Body
from sandbox.state import Store

LIST_FIELDS = ("from", "to", "count", "skip")


@dataclass(frozen=True)
class Call:
    """Path parameters, query, parsed body and the idempotency key, if the operation takes one."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    expand: tuple[str, ...] = ()
    body: Any = None


@dataclass(frozen=True)
class Operation:
    """A verb and a path of the gateway, and the function that answers it inside one transaction.

    `key_header` names the header that makes repeats safe; `check_key` refuses a key that is missing or malformed.
    """

    method: str
    path: str
    run: Callable[[Store, Call], Body]
    key_header: str = ""
    check_key: Callable[[str | None], None] = lambda key: None
    key_kind: str = ""
    key_days: float = 3650.0
    key_mismatch: str = ""


def collection(items: list[Body]) -> Body:
    return {"entity": "collection", "count": len(items), "items": items}


def filters(
    query: Mapping[str, str], fields: Collection[str] = (), *, most: int = 100, ignored: Collection[str] = ("expand[]",)
) -> dict[str, Any]:
    """Arguments for `Store.find` from a list's query: its page, its dates and the named fields.

    :raises Rejected: for an unknown filter or a page out of range.
    """
    unknown = [name for name in query if name not in (*LIST_FIELDS, *fields, *ignored)]
    if unknown:
        raise Rejected(f"{', '.join(unknown)} is/are not required and should not be sent", reason="extra_field_sent")
    return {
        "where": {name: query[name] for name in fields if query.get(name)},
        "since": number(query, "from"),
        "until": number(query, "to"),
        "count": number(query, "count", 1, most) or 10,
        "skip": number(query, "skip") or 0,
    }


def number(query: Mapping[str, str], name: str, minimum: int = 0, maximum: int = 2**53) -> int | None:
    """:raises Rejected: the value is no whole number between the two."""
    value = query.get(name)
    if value is None:
        return None
    if not value.isdigit() or not minimum <= int(value) <= maximum:
        raise Rejected(f"The {name} must be an integer between {minimum} and {maximum}.", field=name)
    return int(value)
