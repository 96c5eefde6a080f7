"""The machine's run: with servers of its own, example after example, until so many steps are made."""

import gc
import logging
from collections.abc import Callable

from verify.ledger.tally import Tally
from verify.proof import Run

ENOUGH = 20
"""After so many violations no more are looked for."""
ROUND = 10
"""Worlds in a row before it is decided anew what is played."""
PLAYED_AT_WILL = 0.6
"""The share of the steps after which the rare points have their turn, as long as there are any."""
IN_A_ROW = 10
"""Stories told at once then."""
MOST_OVER = 1.5
"""So much longer it goes on at most, while points want crashes."""


def play_inside(run: Run) -> Tally:
    """Start the servers, play, and say what was done."""
    from verify.inside import inside

    with inside() as servers:
        logging.disable(logging.CRITICAL)
        return play(run, renew=servers.renew_database)


def play(run: Run, *, renew: Callable[[], None]) -> Tally:
    """Machine after machine, each drawn from the next seed."""
    from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
    from hypothesis.stateful import run_state_machine_as_test

    from verify import crashing
    from verify.ledger.handlers import money_only
    from verify.ledger.stories import Stories

    tally = Tally()
    crashes = crashing.Crashes(each=int(run.size["crashes_each"]))
    tally.passed, tally.crashed = crashes.passed, crashes.crashed
    crashing.watch(crashes.at)
    money_only()
    gc.freeze()  # what is set up by now stays to the end; the collector need not look through it again
    Stories.run, Stories.tally, Stories.crashes, Stories.renew = run, tally, crashes, staticmethod(renew)
    wanted, round_number = int(run.size["steps"]), 0
    while len(run.violations) < ENOUGH and tally.steps < wanted * (MOST_OVER if crashes.wanting() else 1):
        Stories.at_once = IN_A_ROW if tally.steps >= wanted * PLAYED_AT_WILL and crashes.wanting() else 1
        left = (wanted - tally.steps) // int(run.size["steps_each"]) + 1
        how = settings(
            max_examples=max(1, min(left, ROUND)),
            stateful_step_count=int(run.size["steps_each"]),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            print_blob=False,
        )
        run_state_machine_as_test(seed(run.seed * 1_000 + round_number)(Stories), settings=how)
        round_number += 1
    return tally
