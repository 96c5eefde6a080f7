"""Proof `crash-points`: a process is killed before and after each commit and each call out; nothing is lost or doubled.

For each flow the points are found by playing it once. Then, for each, a process plays the flow and is killed there with
SIGKILL; the client asks again with the same key, the sweeps do the rest.
"""

import logging
import re
from typing import TYPE_CHECKING

from verify.ledger.breaks import RENEWED_KEY
from verify.proof import Break, Proof, Run

if TYPE_CHECKING:
    from verify.crash_points.dying import Playground

KINDS = re.compile(r": (before|after) (commit|write|call)\b")
HEARD, FIRST = ": after call POST", 4
"""A call that the gateway has heard, and whose answer nobody has: some of those are in every run."""


def prove(run: Run) -> None:
    """Find the points, draw as many as asked for, die at each."""
    from verify.inside import inside

    with inside() as servers:
        logging.disable(logging.CRITICAL)
        from verify.crash_points.dying import Playground

        playground = Playground(servers, run)
        pairs = [pair for pair in playground.discover() if KINDS.search(pair.point)]
        run.random.shuffle(pairs)
        pairs.sort(key=lambda pair: HEARD not in pair.point)
        pairs = pairs[:FIRST] + run.random.sample(pairs[FIRST:], len(pairs) - FIRST)
        wanted = run.size["pairs"] or len(pairs)
        for pair in pairs:
            if len(playground.died) < wanted:
                playground.die(pair)
            run.progress(len(playground.died), wanted)
        report(run, playground, len(pairs))


def report(run: Run, playground: "Playground", known: int) -> None:
    """The figures."""
    run.figure("flows", len({pair.flow for pair in playground.died}))
    run.figure("pairs of point and flow", known)
    run.figure("processes killed", len(playground.died))
    run.figure("points not met again", len(playground.missed))
    slowest = max(playground.seconds, key=lambda story: playground.seconds[story])
    run.figure("penny drops asked for again after an hour", len(playground.unheard))
    run.figure("slowest to rest", f"{playground.seconds[slowest]:.0f} s ({slowest})")
    run.figure("effects at the stand-in, each once", playground.effects)
    if len(playground.died) < run.size["at_least"]:
        run.violation(f"only {len(playground.died)} processes were killed")


PROOF = Proof(
    name="crash-points",
    sizes={"ci": {"pairs": 12, "at_least": 12}, "full": {"pairs": 0, "at_least": 80}},
    prove=prove,
    controls=[
        RENEWED_KEY,
        Break(
            path="payments/tasks.py",
            old="    for found in due:",
            new="    for found in ():",
            because="the sweeps take nothing up",
        ),
    ],
)
