"""`python -m verify NAME --seed 7 --size ci`: run one proof; 0 all well, 1 a violation, 2 it could not run."""

import argparse
import os
import platform
import secrets
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from types import FrameType

from deploy.local import processes
from verify import proof
from verify.proof import Proof, Run

WELL, VIOLATED, COULD_NOT_RUN = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """Run the proof that the arguments name."""
    if os.environ.get("MAKELEVEL"):
        processes.end_with_parent(signal.SIGTERM)
    signal.signal(signal.SIGTERM, _stop)
    parser = argparse.ArgumentParser(prog="verify", description=__doc__)
    parser.add_argument("name", nargs="?", choices=proof.names(), help="without it, the names are listed")
    parser.add_argument("--seed", type=int, default=None, help="drawn and printed when not given")
    parser.add_argument("--size", choices=["ci", "full"], default="ci")
    parser.add_argument("--until-violation", action="store_true", help="stop at the first, as controls do")
    asked = parser.parse_args(arguments)
    if asked.name is None:
        print("\n".join(proof.names()))
        return WELL
    seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    return judge(proof.find(asked.name), seed=seed, size=asked.size, until_violation=asked.until_violation)


def judge(wanted: Proof, *, seed: int, size: str, until_violation: bool = False) -> int:
    """Run it, print what it found, and give the exit code."""
    again = f"make verify NAME={wanted.name} SEED={seed} SIZE={size}"
    print(f"{wanted.name}: seed {seed}, size {size}", flush=True)
    began = time.monotonic()
    try:
        run = wanted.run(seed=seed, size=size, until_violation=until_violation)
    except KeyboardInterrupt:
        print(f"{wanted.name}: stopped. Again: {again}", flush=True)
        return COULD_NOT_RUN
    except Exception:
        traceback.print_exc()
        print(f"{wanted.name}: COULD NOT RUN. Again: {again}", flush=True)
        return COULD_NOT_RUN
    seconds = time.monotonic() - began
    for name, value in run.figures.items():
        print(f"  {name}: {value}")
    print(f"  | {table_line(wanted.name, seed, size, run, seconds)} |")
    if run.violations:
        print(f"{wanted.name}: RED after {seconds:.0f} s, {len(run.violations)} violations, first:")
        print(f"{run.violations[0]}\nKept: {run.scratch}. Again: {again}", flush=True)
        return VIOLATED
    shutil.rmtree(run.scratch, ignore_errors=True)
    print(f"{wanted.name}: well after {seconds:.0f} s, 0 violations", flush=True)
    return WELL


def table_line(name: str, seed: int, size: str, run: Run, seconds: float) -> str:
    """The line for the table of docs/reliability.md."""
    figures = "; ".join(f"{what} {value}" for what, value in run.figures.items())
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    day = datetime.now(UTC).date()
    found = len(run.violations)
    return f"`{name}` | {size} | {seed} | {found} violations; {figures} | {seconds / 60:.1f} min | {day} | {machine}"


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
