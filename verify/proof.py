"""What a proof is: a name, its sizes, the function that proves, and the deliberate breaks that must turn it red."""

import ast
import importlib
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

FOLDER = Path(__file__).resolve().parent
PROGRESS_EVERY = 10.0
SHOWN_VIOLATIONS = 20

Size = Mapping[str, Any]


class CannotRun(RuntimeError):
    """The proof found no way to begin or go on; nothing is shown by that, neither good nor bad."""


class Enough(BaseException):
    """One violation has been found, and more are not asked for. No `except Exception` of a proof swallows it."""


@dataclass(frozen=True)
class Break:
    """A deliberate fault, as a change of text in a private copy of the checkout; the proof must turn red over it.

    The old text stands in the file exactly once, so that no control rots unseen. Where one guard covers for another,
    `also` takes the others away with it.
    """

    path: str
    old: str
    new: str
    because: str
    also: Sequence["Break"] = ()


@dataclass
class Run:
    """One run of a proof: what it draws from, where it writes, and what it has found."""

    seed: int
    size: Size
    scratch: Path
    until_violation: bool = False
    figures: dict[str, object] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    random: Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _told_at: float = 0.0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def figure(self, name: str, value: object) -> None:
        """Note a number to be printed at the end."""
        with self._lock:
            self.figures[name] = value

    def violation(self, evidence: str) -> None:
        """Note that something is not as it must be, from any thread; the proof is red then."""
        with self._lock:
            self.violations.append(evidence)
            if len(self.violations) <= SHOWN_VIOLATIONS:
                print(f"VIOLATION {len(self.violations)}: {evidence}", flush=True)
        if self.until_violation and threading.current_thread() is threading.main_thread():
            raise Enough

    def progress(self, done: int | float, of: int | float) -> None:
        """Say how far it is, every ten seconds at most."""
        with self._lock:
            if time.monotonic() - self._told_at < PROGRESS_EVERY:
                return
            self._told_at = time.monotonic()
        print(f"  {done} of {of}", flush=True)


@dataclass(frozen=True)
class Proof:
    """One proof. `prove` notes violations in its run; what it raises means that it could not run."""

    name: str
    sizes: Mapping[str, Size]
    prove: Callable[[Run], None]
    controls: Sequence[Break]

    def run(self, *, seed: int, size: str, until_violation: bool = False) -> Run:
        """Prove once, in a scratch folder that is kept when something was found."""
        scratch = Path(tempfile.mkdtemp(prefix=f"khidma-{self.name}-"))
        scratch.chmod(0o755)  # the servers of root run as another user
        run = Run(seed, self.sizes[size], scratch, until_violation)
        try:
            self.prove(run)
        except Enough:
            return run
        except BaseException:
            if not run.violations:
                raise
            traceback.print_exc()
        return run


def names() -> list[str]:
    """Every proof there is, without importing any: each has a module or package with a PROOF of its own."""
    found = [path for pattern in ("*.py", "*/__init__.py") for path in FOLDER.glob(pattern) if _has_proof(path)]
    return sorted((path.parent.name if path.stem == "__init__" else path.stem).replace("_", "-") for path in found)


def find(name: str) -> Proof:
    """The proof of this name. :raises LookupError: there is none."""
    if name not in names():
        raise LookupError(f"There is no proof {name!r}; there are {', '.join(names())}.")
    found: Proof = importlib.import_module(f"verify.{name.replace('-', '_')}").PROOF
    if found.name != name:
        raise LookupError(f"The proof in {name!r} calls itself {found.name!r}.")
    return found


def _has_proof(path: Path) -> bool:
    statements = ast.parse(path.read_text()).body
    targets = [target for one in statements if isinstance(one, ast.Assign) for target in one.targets]
    targets += [one.target for one in statements if isinstance(one, ast.AnnAssign)]
    return any(isinstance(target, ast.Name) and target.id == "PROOF" for target in targets)
