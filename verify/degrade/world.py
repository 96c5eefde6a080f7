"""What the cells look at and with: people, requests with their seconds, sockets, and effects in the database."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Any

import httpx
from django.db import OperationalError, connections, transaction
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from accounts.models import User
from khidma.kernel import runtime
from khidma.kernel.ids import new_id
from payments.runtime import PaymentSettings
from verify.degrade.texting import Texting
from verify.market import Stage
from verify.proof import CannotRun, Run
from verify.running import Khidma

DOWN, AFTERWARDS = "while it is down", "afterwards"
HANGS = 15.0
LOOK_AFTER = 5
"""Seconds after which something in flight is looked at again, so that nobody waits long here."""
RESUMED = 60.0
"""Seconds within which jobs go on."""

Cell = Callable[["World"], Generator[str, None, str]]
"""Prepares up to its first `yield`; looks while the fault is set, and yields what it measured; looks afterwards, and
returns what it measured."""


class Wrong(Exception):
    """Something is not as the table says."""


@dataclass(frozen=True)
class Answer:
    """What came back, after so many seconds; status 0 where nothing did within HANGS."""

    status: int
    body: Any
    seconds: float
    is_replayed: bool = False

    @property
    def code(self) -> str:
        """The error's code, if it is an error of ours."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return str(error.get("code", "")) if isinstance(error, dict) else ""

    @property
    def data(self) -> Any:
        return self.body["data"]

    def __str__(self) -> str:
        return f"{self.status}{f' {self.code}' if self.code else ''} in {self.seconds * 1000:.0f} ms"


@dataclass(frozen=True)
class Request:
    """One request that may be repeated under its key."""

    method: str
    path: str
    by: User | None
    body: Any = None
    key: str = ""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class World:
    """One run: its cells under way, and what they need."""

    def __init__(self, khidma: Khidma, run: Run, texting: Texting) -> None:
        self.khidma, self.run, self.texting = khidma, run, texting
        self.market = Stage(khidma)
        with transaction.atomic():
            runtime.change(PaymentSettings, {"look_after_seconds": LOOK_AFTER})
        self.slowest: defaultdict[str, float] = defaultdict(float)
        self._under_way: dict[str, Generator[str, None, str]] = {}
        self._set_at = time.monotonic()
        self._lock = threading.Lock()

    def close(self) -> None:
        self.market.close()

    # Cells

    def begin(self, cells: Mapping[str, Cell]) -> None:
        """Prepare each. What goes wrong here shows nothing: the proof cannot run then."""
        self._money_is_served()
        self._under_way = {name: cell(self) for name, cell in cells.items()}
        for cell in self._under_way.values():
            next(cell)

    def go_on(self, when: str) -> None:
        """The next look of each; a cell that is wrong looks no more."""
        self._set_at = time.monotonic()
        if when == AFTERWARDS:
            self._reconnect()
        for name, cell in list(self._under_way.items()):
            try:
                print(f"  {name}, {when}: {next(cell)}", flush=True)
            except StopIteration as end:
                print(f"  {name}, {when}: {end.value}", flush=True)
            except (Wrong, CannotRun) as wrong:
                del self._under_way[name]
                self.run.violation(f"{name}, {when}: {wrong}")

    # Requests

    def call(self, method: str, path: str, body: Any = None, *, by: User) -> Any:
        """One request of the preparation, which must go well."""
        return self.market.call(method, path, body, by=by)

    def write(self, method: str, path: str, by: User, body: Any = None) -> Request:
        """A request with a key of its own, and with the token made now, while the database is there."""
        self.market.token(by)
        return Request(method, path, by, body, str(new_id()))

    def ask(self, request: Request) -> Answer:
        """Send it over a connection of its own, once."""
        headers = {"Authorization": f"Bearer {self.market.tokens[request.by.pk][1]}"} if request.by else {}
        if request.key:
            headers["Idempotency-Key"] = request.key
        began = time.monotonic()
        try:
            with httpx.Client(base_url=self.khidma.url, timeout=HANGS, trust_env=False) as client:
                got = client.request(request.method, request.path, json=request.body, headers=headers)
        except httpx.TransportError as error:
            return Answer(0, type(error).__name__, time.monotonic() - began)
        seconds = time.monotonic() - began
        try:
            body = got.json()
        except ValueError:
            body = got.text[:200]
        return Answer(got.status_code, body, seconds, "Idempotent-Replayed" in got.headers)

    def expect(self, request: Request, statuses: Iterable[int], *, within: float, kind: str = "") -> Answer:
        """:raises Wrong: another status, not our JSON, or later than this; `kind` names a figure of the slowest."""
        answer = self.ask(request)
        if answer.status not in set(statuses):
            raise Wrong(f"{request.name} was answered {answer}: {json.dumps(answer.body)[:300]}")
        if answer.seconds > within:
            raise Wrong(f"{request.name} was answered {answer}, and {within} s is right")
        if not isinstance(answer.body, dict) or (answer.status == 503 and answer.code != "service_unavailable"):
            raise Wrong(f"{request.name} was answered {answer}, not in our JSON: {json.dumps(answer.body)[:300]}")
        if kind:
            self.note(kind, answer.seconds)
        return answer

    def expect_all(
        self, requests: Sequence[Request], statuses: Iterable[int], *, within: float, kind: str
    ) -> list[Answer]:
        """The same of several, four at a time."""
        with ThreadPoolExecutor(4) as askers:
            return list(askers.map(lambda one: self.expect(one, statuses, within=within, kind=kind), requests))

    # Waiting

    def wait(self, holds: Callable[[], bool], what: str, *, within: float = RESUMED, kind: str = "") -> float:
        """How many seconds it took until it held. :raises Wrong: it did not in time."""
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > within:
                raise Wrong(f"after {within:.0f} s it does not hold that {what}")
            time.sleep(0.1)
        seconds = time.monotonic() - began
        if kind:
            self.note(kind, seconds)
        return seconds

    def note(self, kind: str, seconds: float) -> None:
        """A figure of the slowest of a kind."""
        with self._lock:
            self.slowest[kind] = max(self.slowest[kind], seconds)

    def since(self, moment: float | None = None) -> float:
        """Seconds from when the fault was set, or lifted, to this moment, or until now."""
        return (moment or time.monotonic()) - self._set_at

    def web_is_back(self) -> None:
        """:raises Wrong: reads are not answered within half a minute after the fault."""
        anything = Request("GET", "/api/gigs?limit=1", None)
        self.wait(lambda: self.ask(anything).status == 200, "reads are answered", within=30)

    def accepts_sockets(self, user: User) -> bool:
        """Whether a new socket of this user gets in."""
        line = Line(self.khidma, self.market.token(user))
        try:
            line.enter()
        except Wrong:
            return False
        finally:
            line.close()
        return True

    def _money_is_served(self) -> None:
        """A counter that failed is left alone for a moment, and until then money is refused."""
        client = self.market.client
        self.market.token(client)
        nothing = Request("POST", "/api/payments/create-order", client, {})
        self.wait(lambda: self.ask(nothing).status == 400, "requests about money are read")

    def _reconnect(self) -> None:
        """This process's own connections to the database, which may have died with it."""
        connections.close_all()
        self.wait(self._database_answers, "the database answers", within=30)

    @staticmethod
    def _database_answers() -> bool:
        try:
            connections["default"].ensure_connection()
        except OperationalError:
            return False
        return True

    def books(self) -> str:
        """What the ledger's check says if it is not content; asked for a while, since things may be in flight."""
        for _ in range(12):
            checked = self.khidma.manage("ledger_check", "--gateway")
            if checked.returncode == 0:
                return ""
            time.sleep(5)
        return checked.stdout + checked.stderr


def equal(what: str, found: object, right: object) -> None:
    """:raises Wrong: they are not."""
    if found != right:
        raise Wrong(f"{what}: {found}, and {right} is right")


class Line:
    """One socket of one user; a thread notes what comes, and when."""

    def __init__(self, khidma: Khidma, token: str) -> None:
        self.connection: ClientConnection = connect(f"ws://127.0.0.1:{khidma.port}/ws", proxy=None, open_timeout=HANGS)
        self._frames: Queue[dict[str, Any] | None] = Queue()
        self.closed_with, self.closed_at = 0, 0.0
        threading.Thread(target=self._note, daemon=True).start()
        self.send("AUTHENTICATE", token=token)

    def _note(self) -> None:
        try:
            while True:
                self._frames.put({**json.loads(self.connection.recv()), "at": time.monotonic()})
        except ConnectionClosed as closed:
            self.closed_with, self.closed_at = closed.rcvd.code if closed.rcvd else 0, time.monotonic()
            self._frames.put(None)

    def send(self, event: str, **data: Any) -> None:
        self.connection.send(json.dumps({"event": event, "data": data}))

    def enter(self) -> int:
        """The newest number of the stream, once we are in."""
        return int(self.hear("AUTHENTICATED", within=HANGS)["data"]["seq"])

    def hear(self, event: str, *, within: float, **wanted: Any) -> dict[str, Any]:
        """The next frame of this event with this data, and when it came; others are passed over.

        :raises Wrong: it did not come.
        """
        until = time.monotonic() + within
        while frame := self._next(until, f"{event} {wanted}"):
            if frame["event"] == event and wanted.items() <= frame["data"].items():
                return frame
        raise Wrong(f"closed with {self.closed_with} while waiting for {event}")

    def closes(self, code: int, *, within: float) -> None:
        """:raises Wrong: the server does not close it in time, or with another code."""
        until = time.monotonic() + within
        while self._next(until, "the end of the socket"):
            pass
        equal("the socket was closed with", self.closed_with, code)

    def _next(self, until: float, what: str) -> dict[str, Any] | None:
        """The next frame, or nothing once it is closed. :raises Wrong: neither in time."""
        try:
            return self._frames.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            raise Wrong(f"{what} did not come in time") from None

    def close(self) -> None:
        self.connection.close()
