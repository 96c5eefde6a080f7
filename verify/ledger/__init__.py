"""Proof `ledger`: whatever people, banks and the clock do, and wherever a process dies, no paisa is made or lost.

A Hypothesis state machine plays the public services; a plain model of the books says what every account must hold.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from verify.proof import Proof, Run

if TYPE_CHECKING:
    from verify.ledger.machine import Tally

OPERATIONS = (
    "accept",
    "checkout",
    "verify",
    "webhook",
    "submit",
    "submit milestone",
    "revise",
    "approve",
    "approve milestone",
    "cancel",
    "refund",
    "return",
    "dispute",
    "send refund",
    "retry refund",
    "penny drop",
    "withdraw",
    "send payout",
    "outbox",
    "sweeps",
    "clock",
)


def prove(run: Run) -> None:
    """Play until so many steps are made."""
    from verify.inside import inside

    with inside() as servers:
        logging.disable(logging.CRITICAL)
        play(run, renew=servers.renew_database)


def play(run: Run, *, renew: Callable[[], None]) -> None:
    """Machine after machine, each drawn from the next seed."""
    from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
    from hypothesis.stateful import run_state_machine_as_test

    from verify import crashing
    from verify.ledger.handlers import money_only
    from verify.ledger.machine import Books, Tally

    crashes = crashing.Crashes(each=int(run.size["crashes_each"]))
    crashing.watch(crashes.at)
    money_only()
    tally = Books.tally = Tally(run, crashes, renew)
    wanted, round_number = int(run.size["steps"]), 0
    while tally.steps < wanted and len(run.violations) < 20:
        missing = (wanted - tally.steps) // int(run.size["steps_each"]) + 1
        how = settings(
            max_examples=missing,
            stateful_step_count=int(run.size["steps_each"]),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            print_blob=False,
        )
        run_state_machine_as_test(seed(run.seed * 1_000 + round_number)(Books), settings=how)
        round_number += 1
    report(run, tally)


def report(run: Run, tally: "Tally") -> None:
    """The figures, and whether everything was met often enough."""
    crashed = {point: tally.crashes.crashed[point] for point in tally.crashes.passed}
    fewest = min(crashed, key=lambda point: crashed[point], default="")
    run.figure("steps", tally.steps)
    run.figure("crashes", tally.died)
    run.figure("points", len(crashed))
    run.figure("fewest crashes at a point", f"{crashed.get(fewest, 0)} ({fewest})")
    run.figure("rupees moved", tally.moved // 100)
    run.figure("paise made or lost", 0 if not run.violations else "see the violations")
    with (run.scratch / "points.tsv").open("w") as file:
        file.writelines(
            f"{count}\t{tally.crashes.passed[point]}\t{point}\n" for point, count in sorted(crashed.items())
        )
    for name in run.size["operations"]:
        if not tally.done[name]:
            run.violation(f"`{name}` never went through, so nothing is shown about it")
    if tally.died < tally.steps * run.size["crashes_share"]:
        run.violation(f"only {tally.died} crashes in {tally.steps} steps")
    few = {point: count for point, count in crashed.items() if count < run.size["crashes_each"]}
    if few:
        run.violation(f"{len(few)} points saw fewer than {run.size['crashes_each']} crashes: {few}")


PROOF = Proof(
    name="ledger",
    sizes={
        "ci": {"steps": 3_000, "steps_each": 200, "crashes_each": 0, "crashes_share": 0.15, "operations": OPERATIONS},
        "full": {
            "steps": 100_000,
            "steps_each": 250,
            "crashes_each": 50,
            "crashes_share": 0.2,
            "operations": (*OPERATIONS, "cancel payout"),
        },
    },
    prove=prove,
    controls=[],
)
