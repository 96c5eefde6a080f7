"""Processes that die: forked with the flow in hand, killed at their point, and what the living make of it."""

import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, connections

from khidma.kernel import clock
from khidma.kernel.outbox import deliver_due
from khidma.kernel.runtime import forget_cached
from orders import tasks as order_clocks
from payments import services as payments
from payments import tasks as payment_clocks
from payments.models import AccountKind
from payments.providers import razorpay
from payments.selectors.checking import check_ledger, compare_with_gateway
from payments.services.watching import ABSENT_AFTER
from verify import crashing
from verify.crash_points.flows import FLOWS, Case, NotAnswered, World
from verify.inside import Inside
from verify.ledger.handlers import money_only
from verify.proof import CannotRun, Run

STEP, REST_WITHIN = 5.0, 60.0
UNHEARD = "attempt at validation is started"
"""A penny drop takes no key at the gateway: one that was perhaps not heard is asked for again after an hour only."""

UNDER_WAY = """
SELECT 'refund ' || id || ' is ' || status FROM payments_refund WHERE status <> 'processed'
UNION ALL SELECT 'payout ' || id || ' is ' || status FROM payments_payout
           WHERE status IN ('requested', 'queued', 'processing')
UNION ALL SELECT 'validation ' || id || ' is ' || status FROM payments_validation WHERE status = 'created'
UNION ALL SELECT 'attempt at ' || operation || ' is ' || status FROM payments_gatewayattempt WHERE status = 'started'
UNION ALL SELECT 'event ' || name || ' is ' || status FROM payments_gatewayevent WHERE status = 'pending'
"""


@dataclass(frozen=True)
class Pair:
    """One way to die: a flow, and the point in it (`nth` time it is passed)."""

    flow: str
    point: str
    nth: int


class Playground:
    """The flows on one set of servers."""

    def __init__(self, servers: Inside, run: Run) -> None:
        self.run = run
        self.world = World(servers.gateway)
        self.died: list[Pair] = []
        self.missed: list[Pair] = []
        self.seconds: dict[str, float] = {}
        self.unheard: list[str] = []
        self.effects = 0
        self._at: crashing.Watcher = lambda point: None
        crashing.watch(lambda point: self._at(point))
        crashing.watch_calls(lambda point: self._at(point), to=settings.RAZORPAY_BASE_URL)
        money_only()
        servers.gateway.set_pace(payoutAfterMs=0, validationAfterMs=0, refundAfterMs=0)
        theirs = servers.gateway.ledger()["balances"]["payout"]
        payments.book_owner_funds(amount=theirs, key="float", account=AccountKind.PAYOUT_BANK)

    def discover(self) -> list[Pair]:
        """Every point of every flow, by playing each once in a process that tells what it passes."""
        pairs: list[Pair] = []
        for flow in FLOWS:
            case, told = self._prepare(flow), self.run.scratch / f"{flow.replace(' ', '_')}.points"
            with told.open("w") as file:
                passed: Counter[str] = Counter()

                def tell(point: str, file: "object" = file, passed: Counter[str] = passed, flow: str = flow) -> None:
                    if point:
                        passed[point] += 1
                        print(json.dumps([flow, point, passed[point]]), file=file, flush=True)  # type: ignore[call-overload]

                code = self._fork(case, tell)
            if code != 0:
                raise CannotRun(f"{flow} does not go through even where nobody dies: {code}")
            pairs += [Pair(*json.loads(line)) for line in told.read_text().splitlines()]
            self._come_to_rest(case, flow)
        return pairs

    def _prepare(self, flow: str) -> Case:
        self.world.forget_news()
        case = FLOWS[flow](self.world)
        deliver_due()
        return case

    def die(self, pair: Pair) -> None:
        """Play the flow in a process that is killed at the point; then let the living finish it, and look."""
        case = self._prepare(pair.flow)
        passed: Counter[str] = Counter()

        def kill(point: str) -> None:
            passed[point] += 1
            if point == pair.point and passed[point] == pair.nth:
                os.kill(os.getpid(), signal.SIGKILL)

        code = self._fork(case, kill)
        if code == -signal.SIGKILL:
            self.died.append(pair)
        elif code == 0:
            self.missed.append(pair)
        else:
            raise CannotRun(f"{pair}: the process was to be killed, and ended with {code}")
        self._come_to_rest(case, f"{pair.flow}, killed at {pair.point} ({pair.nth})")

    def _fork(self, case: Case, watcher: crashing.Watcher) -> int:
        """Play in a process of its own; its exit code, or minus the signal that ended it."""
        connections.close_all()
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            try:
                razorpay._of_thread.__dict__.clear()
                self._at = watcher
                case.act()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(3)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)

    def _come_to_rest(self, case: Case, story: str) -> None:
        began, shifted, is_acknowledged = time.monotonic(), 0.0, False
        while True:
            forget_cached()
            is_acknowledged = is_acknowledged or self._again(case, story)
            self._sweep()
            left = [*self._under_way(), *case.wrong(), *([] if is_acknowledged else ["the client has no answer"])]
            seconds = time.monotonic() - began + shifted
            if seconds > REST_WITHIN and UNHEARD in left and story not in self.unheard:
                self.unheard.append(story)
                clock.shift(ABSENT_AFTER)
                began, shifted = time.monotonic(), 0.0
                continue
            if not left or seconds > REST_WITHIN:
                break
            clock.shift(timedelta(seconds=STEP))
            shifted += STEP
        self.seconds[story] = seconds
        if seconds > REST_WITHIN:
            left = left or ["at rest, but too late"]
        for complaint in left:
            self.run.violation(f"{story}: after {seconds:.0f} s {complaint}")
        for complaint in self._books():
            self.run.violation(f"{story}: {complaint}")

    def _again(self, case: Case, story: str) -> bool:
        """The client, or the gateway's courier, asks again; whether there was an answer."""
        try:
            case.act()
        except NotAnswered:
            return False
        except Exception as error:
            self.run.violation(f"{story}: asking again: {type(error).__name__}: {error}")
        return True

    def _sweep(self) -> None:
        for run_clock in (
            order_clocks.expire_unpaid_orders,
            order_clocks.approve_unanswered_work,
            payment_clocks.work_through_events,
            payment_clocks.look_at_payments,
            payment_clocks.send_refunds,
            payment_clocks.look_at_validations,
            payment_clocks.send_payouts,
        ):
            run_clock()
        deliver_due()

    def _under_way(self) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(UNDER_WAY)
            return [words for (words,) in cursor.fetchall()]

    def _books(self) -> list[str]:
        """Each effect once at the stand-in, and its book equal to ours."""
        book, report = self.world.gateway.ledger(), check_ledger()
        effects = Counter(f"payout {one['reference_id']}" for one in book["payouts"])
        effects += Counter(f"refund {one['receipt']}" for one in book["refunds"])
        effects += Counter(f"payment for {one['receipt']}" for one in book["payments"] if one["captured"])
        effects += Counter(f"check of {one['fund_account_id']}" for one in book["validations"])
        self.effects = len(effects)
        twice = [f"{count} times at the stand-in: {name}" for name, count in effects.items() if count > 1]
        return [*twice, *report.faults, *compare_with_gateway(book, report)]
