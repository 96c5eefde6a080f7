"""`python -m verify.breaking [NAME …]`: shows that every control turns its proof red, each in a private copy."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local import processes
from verify import proof
from verify.proof import Break, CannotRun
from verify.running import CLEAN

ROOT = Path(__file__).resolve().parent.parent
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", ".khidma*", "__pycache__", ".*_cache", ".hypothesis")
SEED = 1
LONGEST = 20 * 60.0


class ControlRotted(CannotRun):
    """The text that a control replaces is not there exactly once: the code has changed, and the control must too."""


@contextmanager
def broken_copy(fault: Break, *, of: Path = ROOT) -> Iterator[Path]:
    """A copy of the checkout as it stands, with uncommitted changes and this fault. :raises ControlRotted: no place."""
    with tempfile.TemporaryDirectory(prefix="khidma-broken-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(of, copy, symlinks=True, ignore=LEFT_BEHIND)
        if (of / ".venv").exists():
            (copy / ".venv").symlink_to((of / ".venv").resolve())
        for one in (fault, *fault.also):
            apply(one, copy)
        Path(folder).chmod(0o755)
        yield copy


def apply(fault: Break, copy: Path) -> None:
    """Change the text. :raises ControlRotted: it is not there, or more than once."""
    path = copy / fault.path
    text = path.read_text() if path.exists() else ""
    if (times := text.count(fault.old)) != 1:
        raise ControlRotted(f"{fault.path} holds {times} times instead of once:\n{fault.old}")
    path.write_text(text.replace(fault.old, fault.new))


def turns_red(name: str, fault: Break, *, seed: int) -> tuple[bool, str]:
    """Whether the proof's small size finds this fault, and what it printed."""
    with broken_copy(fault) as copy:
        command = [sys.executable, "-m", "verify", name, "--seed", str(seed), "--size", "ci", "--until-violation"]
        environment = {**CLEAN, "PYTHONPATH": str(copy), "TMPDIR": str(copy.parent), "PYTHONDONTWRITEBYTECODE": "1"}
        log = copy.parent / "output"
        started = processes.start(command, environment=environment, log=log, folder=copy)
        try:
            code = started.wait(LONGEST)
        except subprocess.TimeoutExpired:
            return False, f"It was not done after {LONGEST:.0f} s.\n{log.read_text(errors='replace')}"
        finally:
            processes.stop([(started, signal.SIGTERM)], seconds=30)
        return code == 1, f"exit code {code}\n{log.read_text(errors='replace')}"


def show(name: str, fault: Break, *, seed: int) -> bool:
    """Try one control and say what came of it."""
    began = time.monotonic()
    try:
        red, said = turns_red(name, fault, seed=seed)
    except ControlRotted as rotted:
        red, said = False, str(rotted)
    verdict = "red, as it must be" if red else "NOT RED"
    print(f"{name}: {fault.because}: {verdict}, {time.monotonic() - began:.0f} s", flush=True)
    lines = [line for line in said.splitlines() if line.startswith("VIOLATION")][:1] if red else said.splitlines()[-40:]
    print("\n".join(f"  {line[:300]}" for line in lines), flush=True)
    return red


def main(arguments: Sequence[str]) -> int:
    """Every control of the proofs named, or of all; 0 when each turned its proof red."""
    if os.environ.get("MAKELEVEL"):
        processes.end_with_parent(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    parser = argparse.ArgumentParser(prog="verify.breaking", description=__doc__)
    parser.add_argument("name", nargs="*", choices=[*proof.names(), []])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", default="", help="controls whose reason holds these words")
    asked = parser.parse_args(arguments)
    wanted = [
        (name, fault)
        for name in asked.name or proof.names()
        for fault in proof.find(name).controls
        if asked.only in fault.because
    ]
    green = [f"{name}: {fault.because}" for name, fault in wanted if not show(name, fault, seed=asked.seed)]
    print(f"{len(wanted) - len(green)} of {len(wanted)} controls turned their proof red.")
    return 1 if green or not wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
