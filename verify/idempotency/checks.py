"""What one idempotency key must hold, asked of one operation."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import User
from accounts.tests.factories import bearer
from khidma.tests.races import at_once
from sandbox.testing import StandIn
from verify.crashing import Crashed, watch, watch_calls
from verify.idempotency.requests import MAKERS, Case
from verify.proof import CannotRun, Run

LEFT_OUT = {
    "http_idempotencyrecord",
    "accounts_session",  # asking logs in
    "accounts_refreshtoken",
    "gigs_searchword",  # the words of all gigs, each once
    "payments_invoicenumber",  # the counters of all invoices, each series once
}
MOMENTS = {"accounts_user": ["last_active_at", "last_login"]}
MOST_POINTS = 60
SETTLE_ALL = "UPDATE http_idempotencyrecord SET settles_at = now() - interval '1 s' WHERE settles_at IS NOT NULL"


class Dying:
    """Where the process dies next: nowhere, or at the point of this number. The dead do nothing more until revived."""

    def __init__(self) -> None:
        self.is_on = False
        self.at, self.passed, self.died_at = 0, 0, ""
        self._backend = 0

    def watch(self, point: str) -> None:
        """Called at every point. :raises Crashed: the process dies here, or has."""
        if self.died_at:
            raise Crashed(self.died_at)
        if not self.is_on or not point:
            return
        self.passed += 1
        if self.passed == self.at:
            self.died_at = point
            if connection.connection is not None:
                self._backend = connection.connection.info.backend_pid
                connection.close()  # inside a transaction too: the server undoes it
            raise Crashed(point)

    @contextmanager
    def armed(self, at: int) -> Iterator[None]:
        """While this lasts, the process dies at the point of this number, if it passes so many; then it is revived."""
        self.is_on, self.at, self.passed = True, at, 0
        try:
            yield
        finally:
            self.is_on, self.died_at = False, ""
            connection.close()
            with connection.cursor() as cursor:
                while self._is_known(cursor):
                    time.sleep(0.001)

    def _is_known(self, cursor: Any) -> bool:
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [self._backend])
        return cursor.fetchone() is not None


class Prover:
    """Every check of every operation."""

    def __init__(self, run: Run, gateway: StandIn) -> None:
        self.run, self.gateway = run, gateway
        self.figures: Counter[str] = Counter()
        self.tokens: dict[Any, str] = {}
        self.dying = Dying()
        watch(self.dying.watch)
        watch_calls(self.dying.watch, to=gateway.url)

    def prove(self, operation: str) -> None:
        """All checks of one operation. Each has a ground of its own, as each uses it up."""
        change = self._replays(operation)
        for _ in range(self.run.size["rounds"]):
            self._twins(operation, change)
        self._deaths(operation, change)
        self.figures["operations"] += 1

    # The checks

    def _replays(self, operation: str) -> Counter[str]:
        """Asked again, with another body, and by somebody else; how many rows the first one made where."""
        ground, key = self._ground(operation), str(uuid4())
        before = picture()
        first = self._ask(operation, ground, key)
        if not 200 <= first.status_code < 300:
            raise CannotRun(f"{operation} answered {first.status_code}: {first.content[:400]!r}")
        after = picture()
        change = rows_made(before, after)
        self._expect_replay(operation, "asked again", first, self._ask(operation, ground, key))
        self._expect_same(operation, "asked again", after)
        self.figures["replays"] += 1

        changed = {**(ground.body or {}), "somethingElse": 1}
        conflict = self._ask(operation, ground, key, body=changed)
        if (conflict.status_code, code_of(conflict)) != (409, "idempotency_conflict"):
            self._find(operation, f"with another body answered {conflict.status_code} {conflict.content[:200]!r}")
        self._expect_same(operation, "another body", after)
        self.figures["other bodies"] += 1

        assert ground.other is not None
        others = self._ask(operation, ground, key, by=ground.other)
        if "Idempotent-Replayed" in others:
            self._find(operation, f"gave somebody else's answer away: {others.content[:200]!r}")
        if others.status_code >= 500:
            self._find(operation, f"answered somebody else {others.status_code}: {others.content[:200]!r}")
        self._expect_replay(operation, "asked again after somebody else", first, self._ask(operation, ground, key))
        self.figures["others' keys"] += 1
        return change

    def _twins(self, operation: str, change: Counter[str]) -> None:
        """At once under one key: one effect, one answer."""
        ground, key = self._ground(operation), str(uuid4())
        self._token(ground.user)
        before = picture()
        callers = self.run.size["twins"]
        answers = at_once(*[lambda: self._ask(operation, ground, key)] * callers)
        failed = [answer for answer in answers if isinstance(answer, Exception) or answer.status_code >= 300]
        if failed:
            said = [getattr(answer, "content", answer) for answer in failed]
            self._find(operation, f"at once: {len(failed)} of {callers} were refused: {said[:2]}")
        elif len({answer.content for answer in answers}) > 1:
            self._find(operation, f"at once: {len({answer.content for answer in answers})} different answers")
        elif sum("Idempotent-Replayed" not in answer for answer in answers) != 1:
            self._find(operation, "at once: not exactly one did it")
        self._expect_change(operation, "at once", change, rows_made(before, picture()))
        self.figures["twins"] += callers

    def _deaths(self, operation: str, change: Counter[str]) -> None:
        """The process dies at each point of the request; asked again, it is as if nothing had been."""
        for number in range(1, MOST_POINTS):
            ground, key = self._ground(operation), str(uuid4())
            before = picture()
            point = self._die(operation, ground, key, number)
            if not point:
                return
            again = self._ask(operation, ground, key)
            if not 200 <= again.status_code < 300:
                self._find(operation, f"died at {point}; then {again.status_code}: {again.content[:200]!r}")
            else:
                self._expect_replay(operation, f"died at {point}", again, self._ask(operation, ground, key))
            made = rows_made(before, picture())
            self._expect_change(operation, f"died at {point}", change, made, ground)
            self.figures["deaths"] += 1
        raise CannotRun(f"{operation} has more than {MOST_POINTS} points.")

    def _die(self, operation: str, ground: Case, key: str, number: int) -> str:
        """Die at this point, and let the claim's time pass; the point, or nothing if there are fewer."""
        token = self._token(ground.user)
        try:
            with self.dying.armed(number):
                self._send(operation, ground, key, token, ground.body)
        except Crashed as death:
            with connection.cursor() as cursor:
                cursor.execute(SETTLE_ALL)
            return str(death)
        return ""

    # Asking

    def _ground(self, operation: str) -> Case:
        return MAKERS[operation](self.gateway)

    def _ask(
        self, operation: str, ground: Case, key: str, *, body: dict[str, Any] | None = None, by: User | None = None
    ) -> HttpResponse:
        return self._send(operation, ground, key, self._token(by or ground.user), body or ground.body)

    def _token(self, user: User) -> str:
        """One session a user, before anybody asks: a change of phone ends the others."""
        if user.pk not in self.tokens:
            self.tokens[user.pk] = bearer(user)
        return self.tokens[user.pk]

    def _send(self, operation: str, ground: Case, key: str, token: str, body: Any) -> HttpResponse:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        data, kind = encoded(body)
        answer: Any = Client().generic(operation.split()[0], ground.path, data, kind, headers=headers)
        return answer  # type: ignore[no-any-return]

    # Judging

    def _expect_replay(self, operation: str, when: str, first: HttpResponse, again: HttpResponse) -> None:
        said = (again.status_code, again.content)
        if said != (first.status_code, first.content) or again.get("Idempotent-Replayed") != "true":
            self._find(
                operation, f"{when}: {said[0]} {said[1][:200]!r} instead of {first.status_code} {first.content[:200]!r}"
            )

    def _expect_same(self, operation: str, when: str, before: dict[str, Any]) -> None:
        after = picture()
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        if changed:
            self._find(operation, f"{when}: changed {changed}")

    def _expect_change(
        self, operation: str, when: str, once: Counter[str], made: Counter[str], died_on: Case | None = None
    ) -> None:
        odd = {name for name in once.keys() | made.keys() if once[name] != made[name]}
        if died_on is not None:
            odd -= {name for name in died_on.comes_again if made[name] > once[name]}
            odd -= {name for name in died_on.comes_later if made[name] < once[name]}
        if odd:
            told = {name: f"{made[name]} rows, once makes {once[name]}" for name in sorted(odd)}
            self._find(operation, f"{when}: {told}")

    def _find(self, operation: str, what: str) -> None:
        self.run.violation(f"{operation} {what}")


def encoded(body: Any) -> tuple[bytes, str]:
    """A body and its type: multipart where bytes are in it, which are files."""
    if body is None:
        return b"", ""
    if not any(isinstance(value, bytes) for value in body.values()):
        return json.dumps(body).encode(), "application/json"
    parts = {name: SimpleUploadedFile(name, one) if isinstance(one, bytes) else one for name, one in body.items()}
    return encode_multipart(BOUNDARY, parts), MULTIPART_CONTENT


def code_of(answer: HttpResponse) -> str:
    """The code of an error."""
    try:
        return str(json.loads(answer.content)["error"]["code"])
    except (ValueError, KeyError):
        return ""


def picture() -> dict[str, tuple[int, str]]:
    """Every table: how many rows, and what is in them, moments of use left out."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables():
            dropped = "".join(f" - '{column}'" for column in MOMENTS.get(table, []))
            cursor.execute(
                f"SELECT count(*), coalesce(md5(string_agg(md5((to_jsonb(t){dropped})::text), '' ORDER BY"
                f" md5((to_jsonb(t){dropped})::text))), '') FROM \"{table}\" AS t"
            )
            found[table] = tuple(cursor.fetchone())
    return found


def tables() -> list[str]:
    """Every table of the project in which an effect may show."""
    return sorted(set(connection.introspection.table_names()) - LEFT_OUT)


def rows_made(before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> Counter[str]:
    """How many rows each table has gained."""
    return Counter({name: after[name][0] - before[name][0] for name in after if after[name][0] != before[name][0]})


def unsafe_operations(document: dict[str, Any]) -> list[str]:
    """By method and path, as the document has them."""
    listed = [(method, path) for path, methods in document["paths"].items() for method in methods]
    return [f"{method.upper()} {path}" for method, path in listed if method in {"post", "put", "patch", "delete"}]
