"""The demo's flow, played while one part of Khidma is killed or frozen again and again."""

import asyncio
import time

import httpx

from operations.demo.flow import Flow
from operations.demo.phone import DemoFailed
from verify.running import Khidma

FROZEN_SECONDS = 4.0
AFTER = ("gig found", "applied", "accepted", "paid by UPI", "verified", "chatted", "submitted", "approved", "withdrew")
"""The steps after which the part fails, so that the next step meets it."""
SETTLED_SECONDS = 6.0
"""How long a part must have run before it fails again."""


class Interrupted(Flow):
    """The flow, with one part failing before every step."""

    def __init__(self, khidma: Khidma, victim: str, way: str) -> None:
        super().__init__(base_url=khidma.url, gateway_url=khidma.gateway_url, say=lambda line: None)
        self.khidma, self.victim, self.way = khidma, victim, way
        self.faults = 0
        self._hurt_at = 0.0

    def done(self, what: str) -> None:
        """After a step of the list hurt the victim, once it has come back from the time before."""
        super().done(what)
        if not what.startswith(AFTER):
            return
        time.sleep(max(0.0, self._hurt_at + SETTLED_SECONDS - time.monotonic()))
        if self.way == "kill":
            self.khidma.kill(self.victim)
        else:
            self.khidma.freeze(self.victim, FROZEN_SECONDS)
        self.faults += 1
        self._hurt_at = time.monotonic()


def play(khidma: Khidma, victim: str, way: str) -> tuple[int, str]:
    """One flow under one fault: how many faults were made, and what went wrong, or nothing."""
    flow = Interrupted(khidma, victim, way)
    try:
        asyncio.run(flow.play())
        outcome = ""
    except (DemoFailed, LookupError, httpx.HTTPError) as error:
        outcome = str(error)
    time.sleep(FROZEN_SECONDS + 1)
    if not outcome and flow.faults < len(AFTER):
        outcome = f"only {flow.faults} faults were made"
    return flow.faults, outcome


def books(khidma: Khidma) -> str:
    """What the ledger's check says if it is not content; asked for a while, since payouts may be in flight."""
    for _ in range(12):
        checked = khidma.manage("ledger_check", "--gateway")
        if checked.returncode == 0:
            return ""
        time.sleep(5)
    return checked.stdout + checked.stderr
