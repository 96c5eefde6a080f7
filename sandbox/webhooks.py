"""Signed webhooks: events are rows written with the change that caused them, and sent until they are accepted."""

import asyncio
import functools
import hashlib
import hmac
import json
import logging
from typing import Any

from sandbox import faults, posting
from sandbox.fields import Body
from sandbox.state import Store, new_id, public

# Seconds after the first try, as measured at the real gateway; divided by the configured compression.
RETRY_LADDER = (6.1, 19, 39.5, 82, 164, 326, 650, 1293, 2577, 5140, 10267, 20508, 40989, 81953)
INSTANT_RETRY_EVENTS = ("payment.authorized", "payment.captured", "order.paid")
INSTANT_RETRY_AFTER = 0.23
ANSWER_WITHIN = 5.0
HELD_AT_MOST = 3.0
AT_ONCE = 8
log = logging.getLogger("sandbox")


def sign(secret: str, body: str) -> str:
    """Hex HMAC-SHA256 over the body as sent."""
    return hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()


def emit(store: Store, event: str, entities: dict[str, Body], *, after: float = 0.0) -> None:
    """Promise this event to the endpoint, in the caller's transaction; a snapshot of the entities as they are now."""
    if not store.setting("webhook_enabled", True):
        return
    body = json.dumps(
        {
            "entity": "event",
            "account_id": store.account_id(),
            "event": event,
            "contains": list(entities),
            "payload": {name: {"entity": public(entity)} for name, entity in entities.items()},
            "created_at": store.moment(),
        },
        separators=(",", ":"),
    )
    _add(store, new_id(), event, body, sign(store.configuration.webhook_secret, body), after)


def _add(store: Store, event_id: str, event: str, body: str, signature: str, after: float, examined: int = 0) -> None:
    store.connection.execute(
        "INSERT INTO deliveries (event_id, event, body, signature, next_at, examined) VALUES (?, ?, ?, ?, ?, ?)",
        (event_id, event, body, signature, store.now() + after, examined),
    )


def listing(store: Store) -> list[Body]:
    """Every delivery, newest first, with what became of it."""
    rows = store.connection.execute("SELECT * FROM deliveries ORDER BY number DESC LIMIT 1000")
    return [
        {
            "event_id": row["event_id"],
            "event": row["event"],
            "state": row["state"],
            "attempts": row["attempts"],
            "last_answer": row["last_answer"],
            "body": json.loads(row["body"]),
        }
        for row in rows
    ]


def enable(store: Store, *, replay: bool = False) -> None:
    """What a person does in the dashboard after the endpoint was disabled; `replay` sends again what was given up."""
    store.set("webhook_enabled", True)
    if replay:
        store.connection.execute(
            "UPDATE deliveries SET state = 'waiting', attempts = 0, instant = 0, next_at = ?"
            " WHERE state IN ('given_up', 'dropped')",
            (store.now(),),
        )


class Courier:
    """Sends what is due to the configured address, several at once, and keeps what comes of it in the rows."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.under_way: dict[int, asyncio.Task[None]] = {}

    async def close(self) -> None:
        for task in self.under_way.values():
            task.cancel()
        await asyncio.gather(*self.under_way.values(), return_exceptions=True)

    def start_due(self) -> None:
        """Begin the deliveries that are due and not under way."""
        free = AT_ONCE - len(self.under_way)
        rows = self.store.connection.execute(
            "SELECT * FROM deliveries WHERE state = 'waiting' AND next_at <= ? ORDER BY next_at, number LIMIT ?",
            (self.store.now(), AT_ONCE),
        ).fetchall()
        for row in [row for row in rows if row["number"] not in self.under_way][: max(free, 0)]:
            if not row["examined"] and self._strike(dict(row)):
                continue
            task = asyncio.create_task(self._deliver(dict(row)))
            self.under_way[row["number"]] = task
            task.add_done_callback(functools.partial(self._forget, row["number"]))

    def _forget(self, number: int, task: asyncio.Task[None]) -> None:
        del self.under_way[number]
        if not task.cancelled() and task.exception() is not None:
            log.error("A webhook could not be worked on.", exc_info=task.exception())
        self.store.on_change()

    def next_due_in(self) -> float | None:
        """Seconds until there is something to do that is not under way."""
        marks = ",".join(str(number) for number in self.under_way) or "0"
        row = self.store.connection.execute(
            "SELECT min(moment) AS moment FROM (SELECT min(due_at) AS moment FROM work UNION ALL"
            f" SELECT min(next_at) FROM deliveries WHERE state = 'waiting' AND number NOT IN ({marks}))"
        ).fetchone()
        return None if row["moment"] is None else max(float(row["moment"]) - self.store.now(), 0.0)

    def _strike(self, row: Body) -> bool:
        """Apply a fault to an event that is sent for the first time; true if it is not to be sent now."""
        with self.store.transaction():
            self._change(row, examined=1)
            kinds = ("duplicate", "drop", "delay", "reorder")
            fault = faults.take(self.store, f"webhook {row['event']}", kinds)
            if fault is None:
                return False
            seconds = HELD_AT_MOST if fault["milliseconds"] is None else fault["milliseconds"] / 1000
            if fault["fault"] == "duplicate":
                _add(self.store, row["event_id"], row["event"], row["body"], row["signature"], 0.0, examined=1)
            elif fault["fault"] == "drop":
                self._change(row, state="dropped")
            else:
                self._change(row, next_at=self.store.now() + seconds, held=int(fault["fault"] == "reorder"))
            return bool(fault["fault"] != "duplicate")

    async def _deliver(self, row: Body) -> None:
        with self.store.transaction():
            spoiled = faults.take(self.store, f"webhook {row['event']}", ("bad_signature",))
        signature = row["signature"][::-1] if spoiled else row["signature"]
        answer, accepted, instant = await self._post(row, signature)
        with self.store.transaction():
            if accepted:
                self._change(row, state="delivered", attempts=row["attempts"] + 1, last_answer=answer)
                self._release_held(row)
            else:
                self._try_later(row, answer, instant and row["event"] in INSTANT_RETRY_EVENTS)

    async def _post(self, row: Body, signature: str) -> tuple[str, bool, bool]:
        """What came back, whether it counts as accepted, and whether an instant retry is worth it."""
        headers = {
            "User-Agent": "Razorpay-Webhook/v1",
            "Content-Type": "application/json",
            "X-Razorpay-Signature": signature,
            "X-Razorpay-Event-Id": row["event_id"],
            "Request-Id": row["event_id"],
        }
        body = row["body"].encode()
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                status = await posting.post(self.store.configuration.webhook_url, body, headers)
        except posting.NoAnswer as silence:
            return str(silence), False, silence.dropped
        except TimeoutError:
            return "Timeout", False, False
        return str(status), 200 <= status < 300, status >= 500

    def _try_later(self, row: Body, answer: str, instant: bool) -> None:
        """The next rung of the ladder; past the last one the event is given up and the endpoint disabled.

        The instant retry comes between the first try and the first rung, and takes no rung.
        """
        attempts = row["attempts"] + 1
        if attempts == 1 and instant:
            soon = self.store.now() + INSTANT_RETRY_AFTER
            self._change(row, next_at=soon, last_answer=answer, attempts=1, instant=1)
            return
        rung = attempts - 1 - row["instant"]
        if rung >= len(RETRY_LADDER):
            self._change(row, state="given_up", attempts=attempts, last_answer=answer)
            self.store.set("webhook_enabled", False)
            return
        waited = RETRY_LADDER[rung - 1] if rung else 0.0
        pause = (RETRY_LADDER[rung] - waited) / self.store.configuration.webhook_compression
        self._change(row, next_at=self.store.now() + pause, attempts=attempts, last_answer=answer)

    def _release_held(self, row: Body) -> None:
        """An event held back for disorder goes out once a later one has overtaken it."""
        self.store.connection.execute(
            "UPDATE deliveries SET next_at = ?, held = 0 WHERE held = 1 AND state = 'waiting' AND event_id <> ?",
            (self.store.now(), row["event_id"]),
        )

    def _change(self, row: Body, **values: Any) -> None:
        row.update(values)
        assignments = ", ".join(f"{name} = ?" for name in values)
        self.store.connection.execute(
            f"UPDATE deliveries SET {assignments} WHERE number = ?", (*values.values(), row["number"])
        )
