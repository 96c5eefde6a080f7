"""Proof `degrade`: each cell of the table "when things are down", with its measured answer.

A cell prepares, looks while its fault is set, and looks again when the fault is lifted. Cells of one fault share it.
"""

import random
from collections import defaultdict
from typing import TYPE_CHECKING

from verify.beside import beside
from verify.degrade.faults import ROWS, WAYS, Way
from verify.degrade.texting import Texting
from verify.ledger.breaks import RENEWED_KEY
from verify.proof import Break, Proof, Run

if TYPE_CHECKING:
    from verify.degrade.world import Cell, World


def prove(run: Run) -> None:
    """Set one fault after another, and look at the cells drawn."""
    with Texting() as texting, beside(run.scratch, given={"KHIDMA_DEMO": "off", **texting.environment()}) as khidma:
        from verify.degrade.cells import CELLS
        from verify.degrade.world import World

        world = World(khidma, run, texting)
        drawn = draw(run.random, [(row, column) for row, column in CELLS], run.size["cells"])
        count = sum(len(columns) for columns in drawn.values())
        done = 0
        for way, columns in drawn.items():
            look(world, way, {f"{way.name}, {column}": CELLS[way.row, column] for column in columns})
            done += len(columns)
            run.progress(done, count)
        if wrong := world.books():
            run.violation(f"the books: {wrong}")
        world.close()
    run.figure("cells", count)
    run.figure("faults", len(drawn))
    for name, seconds in sorted(world.slowest.items()):
        run.figure(name, round(seconds, 2))


def draw(randomness: random.Random, cells: list[tuple[str, str]], wanted: int) -> dict[Way, list[str]]:
    """So many cells, of every row in turn and each row with one of its ways; all cells in all ways if none are named.

    Columns stay in the order of the table: what is under way when a part dies is begun last.
    """
    if not wanted:
        return {way: [column for row, column in cells if row == way.row] for way in WAYS}
    left = {row: [column for one, column in cells if one == row] for row in ROWS}
    for columns in left.values():
        randomness.shuffle(columns)
    ways = {row: randomness.choice([way for way in WAYS if way.row == row]) for row in ROWS}
    chosen: dict[str, set[str]] = defaultdict(set)
    while wanted and any(left.values()):
        for row in ROWS:
            if wanted and left[row]:
                chosen[row].add(left[row].pop())
                wanted -= 1
    return {ways[row]: [column for one, column in cells if one == row and column in chosen[row]] for row in chosen}


def look(world: "World", way: Way, cells: dict[str, "Cell"]) -> None:
    """Prepare the cells, set the fault, look at each, lift the fault, look at each again."""
    from verify.degrade.world import AFTERWARDS, DOWN

    world.begin(cells)
    with way.set_on(world.khidma, world.texting):
        world.go_on(DOWN)
    world.go_on(AFTERWARDS)


PROOF = Proof(
    name="degrade",
    sizes={"ci": {"cells": 10}, "full": {"cells": 0}},
    prove=prove,
    controls=[
        Break(
            path="khidma/kernel/outbox.py",
            old="    except (BrokerDown, RedisError, OSError) as error:  # the sweep makes up for it",
            new="    except ZeroDivisionError as error:",
            because="a wake-up that cannot be sent fails the request",
        ),
        Break(
            path="khidma/kernel/tasks.py",
            old="@sweep(every=5)",
            new="@sweep(every=5_000)",
            because="an event whose wake-up was lost waits for the next one",
        ),
        Break(
            path="khidma/http/limits.py",
            old="fail_closed=limit in REFUSED_WITHOUT_COUNTER if fail_closed is None else fail_closed",
            new="fail_closed=True",
            because="without the counter nobody may read",
        ),
        Break(
            path="khidma/http/handler.py",
            old="        return Unavailable(retry_after=1 if state in COME_BACK_AT_ONCE else None)",
            new="        return KhidmaError()",
            because="a lost database is called a defect",
        ),
        Break(
            path="accounts/api/counting.py",
            old="        for name, key, amount, seconds in taken:",
            new="        for name, key, amount, seconds in ():",
            because="a code that nobody sent uses limits up",
        ),
        Break(
            path="khidma/delivery/deliver.py",
            old="    for provider in _in_order(settings.SMS_PROVIDERS):",
            new="    for provider in _in_order(settings.SMS_PROVIDERS[:1]):",
            because="the second provider is not asked",
        ),
        RENEWED_KEY,
    ],
)
