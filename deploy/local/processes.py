"""Starting processes that never outlive us, and ending those that a killed run left behind."""

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
ON_LINUX = Path("/proc/self/stat").exists()
_libc = ctypes.CDLL(None) if ON_LINUX else None


@dataclass(frozen=True)
class Account:
    """The unprivileged user as whom a process runs."""

    user: int
    group: int


@dataclass(frozen=True)
class Identity:
    """A process id together with the moment the process began, so that a reused id is never taken for ours."""

    pid: int
    began: str

    @property
    def is_alive(self) -> bool:
        return began_at(self.pid) == self.began


def began_at(pid: int) -> str | None:
    """When this process began, in the words of the system; None if there is none, or only its corpse."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        if ON_LINUX:
            return None
        listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return listed.stdout.strip() or None
    return None if state in "ZX" else f"{_boot()}-{fields[18]}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def end_with_parent(farewell: signal.Signals) -> None:
    """Ask the kernel (Linux) to send this process `farewell` when its parent dies, however it dies."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(farewell), 0, 0, 0)


def start(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    log: Path | None = None,
    account: Account | None = None,
    farewell: signal.Signals = signal.SIGTERM,
    folder: Path | None = None,
    new_session: bool = True,
) -> subprocess.Popen[bytes]:
    """Start a process that gets `farewell` when we die; its output goes to `log`, or where ours goes."""
    parent = os.getpid()

    def before_it_begins() -> None:  # runs after the change of user, which would clear the request
        end_with_parent(farewell)
        if os.getppid() != parent:
            os._exit(1)

    output = log.open("ab") if log else None
    try:
        return subprocess.Popen(
            [str(part) for part in command],
            env=dict(environment),
            stdin=subprocess.DEVNULL if log else None,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            cwd=folder,
            start_new_session=new_session,  # Ctrl-C reaches only us, and we stop the rest in order
            preexec_fn=before_it_begins,
            user=account.user if account else None,
            group=account.group if account else None,
            extra_groups=[] if account else None,
        )
    finally:
        if output:
            output.close()


def remember(path: Path, pid: int) -> None:
    """Write down a process of ours, for the next start to find if we cannot end it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(Identity(pid, began_at(pid) or ""))))


def recall(path: Path) -> Identity | None:
    """The process written down there, if it can be read."""
    try:
        return Identity(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def end_leftovers(folder: Path, *, patience: float = 5.0) -> list[str]:
    """End every process written down in this folder that is still alive and still ours; the names of those ended."""
    known = {path: recall(path) for path in sorted(folder.glob("*.pid"))}
    alive = {path.stem: process for path, process in known.items() if process and process.is_alive}
    for name, process in alive.items():
        _signal(process, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    wait_until(lambda: not any(process.is_alive for process in alive.values()), seconds=patience)
    for process in alive.values():
        _signal(process, signal.SIGKILL)
    wait_until(lambda: not any(process.is_alive for process in alive.values()), seconds=2)
    for path in known:
        path.unlink(missing_ok=True)
    return list(alive)


def _signal(process: Identity, number: signal.Signals) -> None:
    if process.is_alive:
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return


def stop(processes: Iterable[tuple[subprocess.Popen[bytes], signal.Signals]], *, seconds: float) -> None:
    """Ask each process to end in its own way, wait for all of them together, and kill those that do not."""
    asked = [(process, number) for process, number in processes if process.poll() is None]
    for process, number in asked:
        process.send_signal(number)
    wait_until(lambda: all(process.poll() is not None for process, _ in asked), seconds=seconds)
    for process, _ in asked:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_until(is_done: Callable[[], bool], *, seconds: float, pause: float = 0.05) -> bool:
    """Look again and again; whether it was done in time."""
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
