"""`@operation`: what one method of one address is, written down once for the server and for the document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal, get_args

from rest_framework.serializers import BaseSerializer

from khidma.http.paging import FeedQuery, PageQuery
from khidma.http.parsers import MAX_BODY
from khidma.kernel.errors import KhidmaError

Access = Literal["public", "optional", "user", "client", "doer", "staff"]
Limit = Literal["read", "write", "money", "auth", "otp", "upload", "export", "webhook", "none"]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
UNLIMITED = frozenset({"webhook", "otp", "none"})  # codes are counted by hand, by phone and device

SerializerClass = type[BaseSerializer[Any]]


@dataclass(frozen=True)
class Operation:
    """One operation of the API."""

    access: Access
    limit: Limit | None = None
    permission: str | None = None
    body: SerializerClass | None = None
    partial: bool | None = None
    query: SerializerClass | None = None
    returns: SerializerClass | None = None
    many: bool = False
    paging: Literal["page", "feed"] | None = None
    status: int | None = None
    location: Callable[[Any], str] | None = None
    flat: bool = False
    errors: Sequence[type[KhidmaError]] = ()
    counted: Sequence[type[KhidmaError]] = ()
    atomic: bool = True
    open_to_suspended: bool = False
    etag: bool = False
    fail_closed: bool | None = None
    raw: bool = False
    upload: bool = False
    max_body: int = MAX_BODY
    produces: str = "application/json"
    extras: Mapping[str, SerializerClass | dict[str, Any]] = field(default_factory=dict)
    tags: Sequence[str] = ()
    name: str | None = None

    def __post_init__(self) -> None:
        if self.access not in get_args(Access):
            raise ValueError(f"access is {self.access!r}")
        if self.permission and self.access != "staff":
            raise ValueError("only operators have permissions")
        if self.paging and not self.returns:
            raise ValueError("a page needs to know what it lists")

    @property
    def paging_query(self) -> type[PageQuery] | None:
        return {"page": PageQuery, "feed": FeedQuery}[self.paging] if self.paging else None

    def limit_class(self, method: str) -> Limit:
        """The class whose limit counts."""
        return self.limit or ("read" if method in SAFE_METHODS else "write")


def operation(
    *,
    access: Access,
    limit: Limit | None = None,
    permission: str | None = None,
    body: SerializerClass | None = None,
    partial: bool | None = None,
    query: SerializerClass | None = None,
    returns: SerializerClass | None = None,
    many: bool = False,
    paging: Literal["page", "feed"] | None = None,
    status: int | None = None,
    location: Callable[[Any], str] | None = None,
    flat: bool = False,
    errors: Sequence[type[KhidmaError]] = (),
    counted: Sequence[type[KhidmaError]] = (),
    atomic: bool = True,
    open_to_suspended: bool = False,
    etag: bool = False,
    fail_closed: bool | None = None,
    raw: bool = False,
    upload: bool = False,
    max_body: int = MAX_BODY,
    produces: str = "application/json",
    extras: Mapping[str, SerializerClass | dict[str, Any]] | None = None,
    tags: Sequence[str] = (),
    name: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a method of an ApiView an operation.

    `fail_closed`: refused (503) when requests cannot be counted; so for otp, money and auth if not said.
    `raw`: the method reads `self.raw_body` itself (a webhook). `upload`: the body is multipart, its file of at most
    `max_body` bytes.
    `produces`: the type of the answer where it is no JSON. `name`: its name in generated clients.
    `partial`: fields may be left out (so for PATCH if not said). `extras`: what a list carries beside `data`.
    `errors`: refusals of its own; those that any operation may answer are in the document by themselves.
    `counted`: those of them that leave a trace (a wrong code): what was written before them is committed.
    """
    described = Operation(
        access=access,
        limit=limit,
        permission=permission,
        body=body,
        partial=partial,
        query=query,
        returns=returns,
        many=many,
        paging=paging,
        status=status,
        location=location,
        flat=flat,
        errors=tuple(errors),
        counted=tuple(counted),
        atomic=atomic,
        open_to_suspended=open_to_suspended,
        etag=etag,
        fail_closed=fail_closed,
        raw=raw,
        upload=upload,
        max_body=max_body,
        produces=produces,
        extras=dict(extras or {}),
        tags=tuple(tags),
        name=name,
    )

    def declare(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def run(view: Any, request: Any, **arguments: Any) -> Any:
            return view.run(method, arguments)

        run.operation = described  # type: ignore[attr-defined]
        return run

    return declare


def operation_of(view: Any, method: str) -> Operation | None:
    """What a view declares for an HTTP method."""
    return getattr(getattr(view, method.lower(), None), "operation", None)
