"""`python -m verify.outages`: the main job, played while parts of Khidma are killed or frozen at every step.

For each part and each way of failing one flow is played; in the middle of it, again and again, the part is killed with
SIGKILL (and started again by the supervisor), or frozen for some seconds. The flow must go through, each effect once,
and afterwards the ledger must balance and equal the stand-in's own book.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence

import httpx

from verify.running import Khidma, running

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "khidma.settings")
import django

django.setup()

from operations.demo.flow import Flow  # noqa: E402 - needs Django
from operations.demo.phone import DemoFailed  # noqa: E402

VICTIMS = ["valkey", "worker", "sandbox", "clock", "web", "postgres"]
WAYS = ["kill", "freeze"]
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


def play(khidma: Khidma, victim: str, way: str) -> str:
    """One flow under one fault; what went wrong, or nothing."""
    flow, began = Interrupted(khidma, victim, way), time.monotonic()
    try:
        asyncio.run(flow.play())
        outcome = ""
    except (DemoFailed, LookupError, httpx.HTTPError) as error:
        outcome = str(error)
    time.sleep(FROZEN_SECONDS + 1)
    shown = outcome or "went through"
    print(f"{way:7} {victim:9} {flow.faults:3} faults  {time.monotonic() - began:5.1f} s  {shown}", flush=True)
    if not outcome and flow.faults < len(AFTER):
        outcome = f"only {flow.faults} faults were made"
    return outcome


def books(khidma: Khidma) -> str:
    """What the ledger's check says if it is not content; asked for a while, since payouts may be in flight."""
    for _ in range(12):
        checked = khidma.manage("ledger_check", "--gateway")
        if checked.returncode == 0:
            return ""
        time.sleep(5)
    return checked.stdout + checked.stderr


def main(arguments: Sequence[str]) -> int:
    """Play every combination (or those asked for) and say what broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--victim", action="append", choices=VICTIMS)
    parser.add_argument("--way", action="append", choices=WAYS)
    asked = parser.parse_args(arguments)
    broken = []
    with running() as khidma:
        for way in asked.way or WAYS:
            for victim in asked.victim or VICTIMS:
                if wrong := play(khidma, victim, way):
                    broken.append(f"{way} {victim}: {wrong}")
        if wrong := books(khidma):
            broken.append(f"the books:\n{wrong}")
        else:
            print("the ledger is in balance and equals the stand-in's book")
        if broken:
            print(f"logs: {khidma.home / 'logs'}")
            for log in sorted((khidma.home / "logs").glob("*.log")):
                log.rename(f"/tmp/khidma-outages-{log.name}")  # noqa: S108 - kept for whoever reads the failure
    print("\n".join(broken) or "nothing lost, nothing doubled")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
