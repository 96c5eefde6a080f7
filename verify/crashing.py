"""Named points at which a process may die: around every commit, every posting and every call that leaves it.

Everything is wrapped from outside: nothing in the product knows of it. A point is called by the operation on the stack
and by what happens there, such as `orders.services.deciding.approve_work: before commit`.
"""

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

OPERATIONS = re.compile(r"^(accounts|gigs|orders|payments|operations|trust_safety)\.services(\.|$)")
VIEWS = re.compile(r"\.api(\.|$)")
ANYWHERE = re.compile("")
POSTS = "SELECT transfer_id, outcome FROM payments_post("
WRITES = ("INSERT", "UPDATE", "DELETE")

Watcher = Callable[[str], None]


class Crashed(BaseException):
    """The process died here. No handler of the product catches it: none of them catches everything."""


def operation() -> str:
    """What is being done: the outermost use case on the stack, and the innermost function of services if another."""
    names = [name for name in map(_name_of, _frames()) if name]
    use_cases = [name for name in names if not name.startswith("*")]
    if not use_cases:
        return names[-1].lstrip("*") if names else "elsewhere"
    first, last = use_cases[-1], use_cases[0]
    return first if first == last else f"{first} > {last}"


def _frames() -> Iterator[FrameType]:
    """The stack from here outwards."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _name_of(frame: FrameType) -> str:
    """The operation that a frame stands for, with `*` before what counts only where there is no use case."""
    module, code = str(frame.f_globals.get("__name__", "")), frame.f_code
    if module == "contextlib" and code.co_name == "inner" and (function := frame.f_locals.get("func")) is not None:
        module, name = function.__module__, function.__qualname__  # it has returned, and its transaction ends
    else:
        name = code.co_qualname
    if OPERATIONS.match(module) and "<locals>" not in name and not name.startswith("<"):
        return f"{module}.{name}"
    if module == "khidma.kernel.outbox" and (delivery := frame.f_locals.get("delivery")) is not None:
        return f"*outbox of {delivery.handler}"
    if module == "khidma.http.views" and (view := frame.f_locals.get("self")) is not None:
        return f"*{type(view).__module__}.{type(view).__name__}"
    return f"*{module}.{name}" if VIEWS.search(module) and not name.startswith("<") else ""


def watch(watcher: Watcher, *, database: str = "default") -> None:
    """Tell the watcher of every point that this process passes from now on, in any thread."""
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

    wrapper: Any = BaseDatabaseWrapper  # its stubs leave out what is not for everybody
    commit, execute, connect = wrapper._commit, CursorWrapper.execute, wrapper.connect

    def watched_commit(self: Any) -> Any:
        if self.alias != database:
            return commit(self)
        return _around(watcher, "commit", lambda: commit(self))

    def watched_execute(self: Any, sql: Any, params: Any = None) -> Any:
        kind = _kind_of(self.db, sql) if self.db.alias == database else ""
        if not kind:
            return execute(self, sql, params)
        if kind == "post":
            kind = f"post {params[1]}"
        return _around(watcher, kind, lambda: execute(self, sql, params))

    def watched_connect(self: Any) -> None:
        if self.alias == database:
            watcher("")  # nobody dies here, but the dead do not come back
        connect(self)

    wrapper._commit = watched_commit
    CursorWrapper.execute = watched_execute  # type: ignore[method-assign]
    wrapper.connect = watched_connect


def watch_calls(watcher: Watcher, *, to: str) -> None:
    """Tell the watcher of every call over HTTP to this address, as the SDK of the gateway makes them."""
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    def watched_send(self: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        if not str(request.url).startswith(to):
            return send(self, request, *arguments, **options)
        return _around(
            watcher, f"call {request.method} {_path(request.url)}", send_it(self, request, arguments, options)
        )

    def send_it(self: Any, request: Any, arguments: Any, options: Any) -> Callable[[], Any]:
        return lambda: send(self, request, *arguments, **options)

    HTTPAdapter.send = watched_send  # type: ignore[method-assign]


def _path(url: str) -> str:
    """The path of a call, with its ids left out."""
    path = url.split("?")[0].split("/", 3)[3]
    return re.sub(r"(?<=_)[A-Za-z0-9]{14}\b", "…", f"/{path}")


def _kind_of(connection: Any, sql: Any) -> str:
    """Whether a statement posts to the ledger, or writes outside any transaction and so commits by itself."""
    words = sql if isinstance(sql, str) else str(sql)
    if words.startswith(POSTS):
        return "post"
    if not connection.in_atomic_block and words.lstrip()[:6].upper() in WRITES:
        return "write"
    return ""


def _around(watcher: Watcher, kind: str, do: Callable[[], Any]) -> Any:
    name = operation()
    watcher(f"{name}: before {kind}")
    answer = do()
    watcher(f"{name}: after {kind}")
    return answer


class Crashes:
    """Crashes of this process that it survives: the connection is dropped, and everything above unwinds.

    From there until `alive` is called, nothing reaches the database any more, whatever the product does in its
    `finally`.
    """

    SELDOM: Final = 0.1
    elsewhere: Mapping[str, int] = {}
    """Crashes at each point in the processes that share a run, as far as they have told."""

    def __init__(self, *, each: int = 0) -> None:
        """`each`: so often at every point at least, as far as it is passed."""
        self.each = each
        self.passed: Counter[str] = Counter()
        self.crashed: Counter[str] = Counter()
        self._chance: Callable[[], float] | None = None
        self._is_watching = self._is_eager = False
        self._aim = ANYWHERE
        self._died_at = ""
        self._backend = 0

    def wanting(self) -> list[str]:
        """Points that were passed, and saw too few crashes."""
        return [point for point in self.passed if self.is_wanting(point)]

    def is_wanting(self, point: str) -> bool:
        """Whether too few have died there."""
        return self.crashed[point] + self.elsewhere.get(point, 0) < self.each

    @property
    def eagerness(self) -> int:
        """How many of ten steps may die anywhere; few where so many crashes are wanted at every point."""
        return 2 if self.each else 4

    def at(self, point: str) -> None:
        """A point is passed, the watcher's side of it. :raises Crashed: the process dies here, or has."""
        if self._died_at:
            raise Crashed(self._died_at)
        if not point:
            return
        if self._is_watching:
            self.passed[point] += 1
        if self._chance is not None and self._chance() < self._wish(point):
            self._die(point)

    def _wish(self, point: str) -> float:
        """How much a crash is wanted here: where there have been few, nearly always."""
        if not self._is_eager:
            return 0.7 if self.is_wanting(point) and self._aim.search(point) else 0.0
        return max(self.SELDOM, 1.0 / (1 + self.crashed[point] / 4))

    def _die(self, point: str) -> None:
        from django.db import connection

        self._chance, self._died_at = None, point
        self.crashed[point] += 1
        if connection.connection is not None:
            self._backend = connection.connection.info.backend_pid
            connection.close()  # inside a transaction too: the server undoes it
        raise Crashed(point)

    @contextmanager
    def armed(
        self, chance: Callable[[], float] | None, *, is_eager: bool = True, aim: re.Pattern[str] = ANYWHERE
    ) -> Iterator[None]:
        """While this lasts the process may die once, where `chance` draws less than the point's wish; none: never.

        One that is not eager dies only where too few have died yet, and at points that `aim` finds.
        """
        self._chance, self._is_eager, self._is_watching, self._aim = chance, is_eager, chance is not None, aim
        try:
            yield
        finally:
            self._chance, self._is_watching = None, False

    def revive(self, is_there: Callable[[int], bool]) -> None:
        """A new process, once the server has undone what the dead one had begun.

        `is_there` says, over another connection, whether the server still works for this one.
        """
        from django.db import connection

        self._died_at = ""
        connection.close()
        if connection.in_atomic_block:
            raise RuntimeError("The transaction of the dead process is still open.")
        until = time.monotonic() + 5
        while is_there(self._backend):
            if time.monotonic() > until:
                raise RuntimeError("The server has not noticed that its client is gone.")
            time.sleep(0.001)
