"""One run shared between processes, each with servers and a seed of its own: `python -m verify.ledger.shards`."""

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local import processes
from deploy.local.environment import ROOT
from verify.ledger.tally import Tally
from verify.proof import CannotRun, Run
from verify.running import CLEAN


def play_shared(run: Run) -> Tally:
    """Play in as many processes as the size asks for, and add up what they did and found.

    Each aims at all the crashes wanted at a point: it may be the only one that passes it.
    """
    shares = int(run.size["processes"])
    size = {**run.size, "processes": 1, "steps": math.ceil(run.size["steps"] / shares)}
    folders = [run.scratch / f"share-{number}" for number in range(shares)]
    started = [_start(folder, seed=run.seed * 100 + number, size=size) for number, folder in enumerate(folders)]
    try:
        while any(one.poll() is None for one in started):
            run.progress(sum(_tally([folder]).steps for folder in folders), run.size["steps"])
            time.sleep(1)
    finally:
        processes.stop([(one, signal.SIGTERM) for one in started], seconds=30)
    for one, folder in zip(started, folders, strict=True):
        if one.returncode:
            raise CannotRun(f"{folder.name} ended with {one.returncode}:\n{(folder / 'output').read_text()[-2000:]}")
        for evidence in json.loads((folder / "violations").read_text()):
            run.violation(f"{folder.name}: {evidence}")
    return _tally(folders)


def _start(folder: Path, *, seed: int, size: dict[str, object]) -> "subprocess.Popen[bytes]":
    folder.mkdir()
    (folder / "size").write_text(json.dumps(size))
    command = [sys.executable, "-m", "verify.ledger.shards", str(folder), str(seed)]
    return processes.start(command, environment={**CLEAN}, log=folder / "output", folder=ROOT)


def _tally(folders: Sequence[Path]) -> Tally:
    whole = Tally()
    for folder in folders:
        whole.add(folder / "tally")
    return whole


def main(folder: Path, seed: int) -> None:
    """Play one share and leave its counts and violations in the folder."""
    from verify.ledger.playing import play_inside

    run = Run(seed, json.loads((folder / "size").read_text()), folder)
    tally = play_inside(run)
    tally.write(folder / "tally")
    (folder / "violations").write_text(json.dumps(run.violations))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
