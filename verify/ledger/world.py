"""The world of one machine: its people, its bank, its clocks, and how a step is made, with a crash in it or not."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from accounts.tests.factories import make_client, make_doer, make_operator
from gigs.models import Gig
from khidma.kernel import sweeps
from khidma.kernel.errors import KhidmaError
from orders import tasks as order_clocks
from orders.models import Order
from payments import services as payments
from payments import tasks as payment_clocks
from payments.providers import razorpay
from verify.crashing import ANYWHERE, Crashed, Crashes
from verify.ledger.gateway import FLOAT, Bank, FakeGateway
from verify.ledger.looking import Witness
from verify.ledger.model import DAY, HOUR, Deal, Model
from verify.ledger.tally import Tally, told_by_others
from verify.proof import CannotRun, Run

NUMBER = st.integers(0, 255)
CRASH = st.integers(0, 65_535)
AMOUNT = st.integers(1_000, 3_000_000)

SHIFTS = (3.2 * HOUR, 7 * HOUR, 26 * HOUR, 50 * HOUR, 75 * HOUR, 8 * DAY, 18 * DAY)
NOT_PLAYED = (
    "reconcile_at_night",
    "look_for_settlements",
    "read_reports",
    "check_books",
    "pay_out_weekly",
    "lapse_acts",
)
DISPUTES = ("goods_not_received", "not_as_described", "duplicate", "unauthorised")
CANCEL_REASONS = ("changed_mind", "other", "doer_unreachable", "doer_no_show", "wrong_description", "emergency")
BLAMES = {
    "doer_unreachable": "doer",
    "doer_no_show": "doer",
    "wrong_description": "client",
    "emergency": "none",
}
KINDS = ("fixed", "hourly", "milestone", "fixed")
ROUNDS_TO_REST = 40
MOST_DEATHS = 30
"""Of one step: what follows the last of them lives."""
FEWEST_CLOCKS = 14
MOST_LIVE, MOST_BOOSTS = 8, 3
BOOSTS = {1: 4_900, 3: 9_900, 7: 19_900}
"""Prices of so many days, in paise with the tax inside."""
MOST_ALONE = 5_000_000
"""Withdrawals above it wait for two operators."""


def clocks() -> list[Callable[[], object]]:
    """Every sweep of orders and payments, but those that read reports."""
    found = [
        getattr(module, name)
        for module in (order_clocks, payment_clocks)
        for name in vars(module)
        if f"{module.__name__}.{name}" in sweeps._sweeps and name not in NOT_PLAYED
    ]
    if len(found) < FEWEST_CLOCKS:
        raise CannotRun(f"Only {len(found)} sweeps are known.")
    return found


class World(RuleBasedStateMachine):
    """One small world, with a database of its own, and what everything is done with."""

    run: ClassVar[Run]
    tally: ClassVar[Tally]
    crashes: ClassVar[Crashes]
    renew: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.renew()
        self.witness = Witness()
        self.run.progress(self.tally.steps, self.run.size["steps"])
        self.tally.write(self.run.scratch / "tally")
        self.crashes.elsewhere = told_by_others(self.run.scratch).crashed
        self.bank = Bank()
        self.model = Model(self.bank, self._complain)
        self.story: list[str] = []
        self.faults = Random(0)
        self.is_silent = self.is_instead = self.is_calm = self.is_unheard = False
        self.aim = ANYWHERE
        self.died_at = ""
        fake = FakeGateway(self.bank, at=self.crashes.at, silence=self._silence)
        vars(razorpay)["RazorpayGateway"] = lambda **_: fake
        razorpay._of_thread.__dict__.clear()
        payments.book_owner_funds(amount=FLOAT, key="float")
        self.clients = [make_client(), make_client()]
        self.doers = [make_doer(), make_doer(), make_doer()]
        self.operator = make_operator("finance")
        self.numbers = itertools.count(1)
        self.clocks = clocks()
        self.boosted: list[Gig] = []
        self.look()

    def _complain(self, evidence: str) -> None:
        self.run.violation(f"{evidence}\nafter: " + " | ".join(self.story[-12:]))

    def _silence(self) -> str:
        if self.is_unheard:
            return "before"
        if not self.is_silent:
            return ""
        drawn, often = self.faults.random(), 1 if self.aim is ANYWHERE else 2
        return "before" if drawn < 0.1 * often else "after" if drawn < 0.25 * often else ""

    # How a step is made

    def act(self, name: str, do: Callable[[], object], crash: int, *, again: Callable[[], bool] | None = None) -> bool:
        """One step, with perhaps crashes in it and the recovery from them; whether it was done in the end.

        `again` says whether the doing may be repeated: by default always. Who comes back may die
        again, where too few have died yet: so one passage of a rare point gives many crashes.
        """
        self.tally.steps += 1
        dice, deaths = Random(crash), 0
        self.faults, self.is_silent = Random(crash + 1), crash % 5 == 0 and not self.is_calm
        self.story.append(f"{name} ({crash})")
        is_eager = crash % 10 < self.crashes.eagerness and self.aim is ANYWHERE
        is_done = self._try(name, do, None if self.is_calm else dice.random, is_eager=is_eager)
        self.look()
        while is_done is None:
            deaths += 1
            chance = dice.random if deaths < MOST_DEATHS else None
            insists = self.crashes.is_wanting(self.died_at)
            if (crash % 3 == 1 or insists) and (again is None or again()):
                self.story.append("again")
                is_done = self._try(name, do, chance)
            elif crash % 3 == 0 or insists:
                swept = self._try(f"{name}, sweeps", self._sweep, chance)
                is_done = None if swept is None else False
            else:
                is_done = False
            self.look()
        self.tally.died += deaths
        self.tally.moved += self.model.moved
        self.model.moved = 0
        return bool(is_done)

    @contextmanager
    def calmly(self) -> Iterator[None]:
        """Steps in which nobody dies, and the gateway answers."""
        before, self.is_calm = self.is_calm, True
        try:
            yield
        finally:
            self.is_calm = before

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """Steps of which the gateway hears nothing."""
        self.is_unheard = True
        try:
            yield
        finally:
            self.is_unheard = False

    def _try(
        self, name: str, do: Callable[[], object], chance: Callable[[], float] | None, *, is_eager: bool = False
    ) -> bool | None:
        """Whether it was done; None: the process died over it."""
        try:
            with self.crashes.armed(chance, is_eager=is_eager, aim=self.aim):
                do()
        except Crashed as crashed:
            self.crashes.revive(self.witness.is_there)
            self.died_at = str(crashed)
            self.story.append(f"died at {crashed}")
            return None
        except KhidmaError as refusal:
            self.tally.refused[f"{name}: {refusal.code}"] += 1
            self.story.append(f"refused: {refusal.code}")
            return False
        except Exception as error:
            self._complain(f"{name}: {type(error).__name__}: {error}")
            return False
        self.tally.done[name] += 1
        return True

    def look(self) -> None:
        """Compare all accounts with the model's."""
        self.rows = self.witness.look()
        self.model.observe(self.rows)

    def _sweep(self) -> None:
        for run_clock in self.clocks:
            run_clock()

    def pick(self, number: int, things: list[Any]) -> Any:
        """One of these; none if there is none. The newest are picked most."""
        return things[-1 - number % min(len(things), 6)] if things else None

    def deal(self, number: int, *statuses: str) -> Deal | None:
        """A deal in one of these states."""
        found: Deal | None = self.pick(number, [deal for deal in self.model.deals.values() if deal.status in statuses])
        return found

    def otherwise(self, crash: int) -> None:
        """There was nothing to take that step on: another one that is possible is taken instead."""
        if not self.is_instead:
            self.is_instead = True
            try:
                Random(crash).choice(self._possible(crash % 256, crash))()
            finally:
                self.is_instead = False

    def _possible(self, number: int, crash: int) -> list[Callable[[], object]]:
        """Steps for which there is something now: the machine knows them."""
        raise NotImplementedError

    def _live(self) -> list[Deal]:
        return [deal for deal in self.model.deals.values() if deal.status not in {"completed", "cancelled"}]

    def _workable(self) -> list[Deal]:
        """Those that take work now."""
        return [
            deal for deal in self._live() if any(thing.status in {"in_progress", "funded"} for thing in deal.things)
        ]

    def must(self, holds: bool, words: str) -> None:
        """What was answered with success must have happened."""
        if not holds:
            self._complain(f"it was said to be done, and is not: {words}")

    def _order(self, deal: Deal) -> Order:
        return Order.objects.select_related("client", "doer").get(pk=deal.key)

    def _with_work(self, number: int) -> Deal | None:
        """A deal with something to answer."""
        waiting = [
            deal
            for deal in self.model.deals.values()
            if deal.status == "submitted" or any(thing.status == "submitted" for thing in deal.things)
        ]
        found: Deal | None = self.pick(number, waiting)
        return found
