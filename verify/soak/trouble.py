"""What happens to Khidma meanwhile: processes are killed and networks fail, drawn from the seed."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator

from verify.proof import Run
from verify.proxy import drawn
from verify.soak.stage import KINDS, Stage

BETWEEN_CUTS = (4.0, 14.0)


class Trouble:
    """Kills and cuts, counted."""

    def __init__(self, run: Run, stage: Stage) -> None:
        self.run, self.stage = run, stage
        self.random = random.Random(f"{run.seed} trouble")
        self.kills: Counter[str] = Counter()
        self.cuts: Counter[str] = Counter()

    async def kill(self, is_over: Callable[[], bool]) -> None:
        """Kill one process after another; every kind comes once before any comes again."""
        pause = self.run.size["seconds"] / (self.run.size["kills"] * 1.2)
        kinds = self._kinds()
        while not is_over():
            await asyncio.sleep(pause * self.random.uniform(0.5, 1.4))
            kind = next(kinds)
            while not self.stage.kill(kind) and not is_over():
                await asyncio.sleep(0.2)
            self.kills[kind] += 1

    def _kinds(self) -> Iterator[str]:
        while True:
            yield from self.random.sample(KINDS, len(KINDS))

    async def cut(self, is_over: Callable[[], bool]) -> None:
        """Let one link after another fail."""
        while not is_over():
            await asyncio.sleep(self.random.uniform(*BETWEEN_CUTS))
            link = self.random.choice(list(self.stage.links.values()))
            fault, seconds = drawn(self.random)
            await link.fail(fault, seconds)
            self.cuts[f"{link.name} {fault}"] += 1
