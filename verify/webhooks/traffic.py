"""Deliveries: the order in which the events of a story arrive, copies, forgeries, and the sending of all of it."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from verify.proof import Run
from verify.volley import Line, Reply, Shot
from verify.webhooks.stories import new_event_id

LINES = 8


@dataclass(frozen=True)
class Delivery:
    """One message on its way to us, and whether the gateway sent it."""

    shot: Shot
    event_id: str
    is_true: bool


def sign(secret: str, raw: bytes) -> str:
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def encoded(body: Any) -> bytes:
    """The bytes as the gateway sends them."""
    return json.dumps(body, separators=(",", ":")).encode()


def message(raw: bytes, event_id: str, signature: str | None) -> Shot:
    """A webhook, with or without a signature."""
    headers = {"User-Agent": "Razorpay-Webhook/v1", "X-Razorpay-Event-Id": event_id}
    if signature is not None:
        headers["X-Razorpay-Signature"] = signature
    return Shot("POST", "/api/webhooks/payment", raw, headers=headers)


def true(event_id: str, raw: bytes, secret: str) -> Delivery:
    """A message of the gateway."""
    return Delivery(message(raw, event_id, sign(secret, raw)), event_id, is_true=True)


def three_times(events: Sequence[tuple[str, bytes]], random: Random) -> list[tuple[str, bytes]]:
    """The events in this order; each comes once more under its id, and once more under another, at any later point."""
    sequence = list(events)
    for event_id, raw in events:
        for again in (event_id, new_event_id()):
            first = sequence.index((event_id, raw))
            sequence.insert(random.randint(first + 1, len(sequence)), (again, raw))
    return sequence


class Forger:
    """Says that a bait was paid, in every way that is not the gateway's."""

    def __init__(self, random: Random, secret: str, key_secret: str) -> None:
        self.random, self.secret, self.key_secret = random, secret, key_secret
        self.ways = [
            self.wrong_secret,
            self.secret_of_the_checkout,
            self.changed_after_signing,
            self.no_signature,
            self.empty_signature,
            self.no_ascii,
            self.cut_off,
            self.of_another_body,
            self.doubled,
            self.long,
        ]

    def forge(self, event: dict[str, Any], order_id: str, amount: int) -> Delivery:
        """A capture that never was, after the words of a true event."""
        body = json.loads(json.dumps(event))
        payment = body["payload"]["payment"]["entity"]
        payment.update(id=f"pay_{new_event_id()}", order_id=order_id, amount=amount, status="captured", captured=True)
        body["event"] = "payment.captured"
        raw, event_id = encoded(body), new_event_id()
        raw, signature = self.random.choice(self.ways)(raw)
        return Delivery(message(raw, event_id, signature), event_id, is_true=False)

    def wrong_secret(self, raw: bytes) -> tuple[bytes, str | None]:
        return raw, sign("another secret", raw)

    def secret_of_the_checkout(self, raw: bytes) -> tuple[bytes, str | None]:
        return raw, sign(self.key_secret, raw)

    def changed_after_signing(self, raw: bytes) -> tuple[bytes, str | None]:
        return raw.replace(b'"currency":"INR"', b'"currency": "INR"'), sign(self.secret, raw)

    def no_signature(self, raw: bytes) -> tuple[bytes, str | None]:
        return raw, None

    def empty_signature(self, raw: bytes) -> tuple[bytes, str | None]:
        return raw, ""

    def no_ascii(self, raw: bytes) -> tuple[bytes, str | None]:
        return raw, "é" + sign(self.secret, raw)[1:]

    def cut_off(self, raw: bytes) -> tuple[bytes, str | None]:
        return raw, sign(self.secret, raw)[:-1]

    def of_another_body(self, raw: bytes) -> tuple[bytes, str | None]:
        return raw, sign(self.secret, raw + b" ")

    def doubled(self, raw: bytes) -> tuple[bytes, str | None]:
        return raw, sign(self.secret, raw) * 2

    def long(self, raw: bytes) -> tuple[bytes, str | None]:
        return raw, "f" * 4096


class Postman:
    """Brings sequences of deliveries, several at once, each in its own order; keeps how long every answer took."""

    def __init__(self, run: Run, port: int) -> None:
        self.run, self.port = run, port
        self.seconds: list[float] = []
        self.true = self.forged = self.taken = 0

    def bring(self, sequences: Iterable[Sequence[Delivery]]) -> None:
        """All of them; faults in the answers are violations."""
        asyncio.run(self._bring(list(sequences)))

    async def _bring(self, sequences: list[Sequence[Delivery]]) -> None:
        lines = [Line(self.port) for _ in range(LINES)]
        try:
            await asyncio.gather(*(self._walk(line, sequences) for line in lines))
        finally:
            for line in lines:
                line.close()

    async def _walk(self, line: Line, sequences: list[Sequence[Delivery]]) -> None:
        while sequences:
            for delivery in sequences.pop():
                self._judge(delivery, await line.ask(delivery.shot))

    def _judge(self, delivery: Delivery, reply: Reply) -> None:
        self.seconds.append(reply.seconds)
        if delivery.is_true:
            self.true += 1
        else:
            self.forged += 1
            self.taken += reply.status == 200
        if reply.kind != ((200, "") if delivery.is_true else (400, "invalid_signature")):
            kind = "a true" if delivery.is_true else "a forged"
            self.run.violation(f"{kind} message was answered {reply.status}: {str(reply.body)[:200]}")

    def percentile(self, share: float) -> float:
        """The seconds within which this share of all answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
