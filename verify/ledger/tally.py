"""What a run has done: steps, crashes at each point, operations; added up over the processes that share a run."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from verify.proof import Run


@dataclass
class Tally:
    """Counts of one process, or of all together. `moved` in paise."""

    steps: int = 0
    died: int = 0
    moved: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    crashed: Counter[str] = field(default_factory=Counter)

    def write(self, path: Path) -> None:
        """Leave it for whoever adds up."""
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(vars(self)))
        draft.replace(path)

    def add(self, path: Path) -> None:
        """Take over what another process has left, if it has."""
        if not path.exists():
            return
        found = json.loads(path.read_text())
        for name, value in found.items():
            if isinstance(value, dict):
                getattr(self, name).update(Counter(value))
            else:
                setattr(self, name, getattr(self, name) + value)

    def report(self, run: Run) -> None:
        """The figures, and whether everything was met often enough."""
        crashed = {point: self.crashed[point] for point in self.passed}
        fewest = min(crashed, key=lambda point: crashed[point], default="")
        run.figure("steps", self.steps)
        run.figure("crashes", self.died)
        run.figure("points", len(crashed))
        run.figure("fewest crashes at a point", f"{crashed.get(fewest, 0)} ({fewest})")
        run.figure("rupees moved", self.moved // 100)
        run.figure("paise made or lost", 0 if not run.violations else "see the violations")
        with (run.scratch / "points.tsv").open("w") as file:
            file.writelines(f"{count}\t{self.passed[point]}\t{point}\n" for point, count in sorted(crashed.items()))
        for name in run.size["operations"]:
            if not self.done[name]:
                run.violation(f"`{name}` never went through, so nothing is shown about it")
        if self.died < (wanted := run.size["steps"] * run.size["crashes_share"]):
            run.violation(f"only {self.died} crashes, and at least {wanted:.0f} were wanted")
        few = {point: count for point, count in crashed.items() if count < run.size["crashes_each"]}
        if few:
            run.violation(f"{len(few)} points saw fewer than {run.size['crashes_each']} crashes: {few}")


def told_by_others(mine: Path) -> Tally:
    """What the processes that share a run with this one have done, by their last word; `mine` is our folder of it."""
    whole = Tally()
    for folder in mine.parent.glob("share-*"):
        if folder != mine:
            whole.add(folder / "tally")
    return whole
