"""A whole Khidma of its own for a proof: own home, own ports, stopped at the end."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.local import processes

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 300
GIVEN_BY_A_HOME = ("KHIDMA_", "DATABASE_", "REDIS_", "RAZORPAY", "DJANGO_", "PORT")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(GIVEN_BY_A_HOME)}
"""The environment before Django's settings read the addresses of another home into it."""


class DidNotStart(RuntimeError):
    """`make run` did not come up."""


class Khidma:
    """`make run` in a home of its own; `given` are more environment variables for it."""

    def __init__(self, home: Path, port: int, given: Mapping[str, str] | None = None) -> None:
        self.home, self.port = home, port
        self.given = dict(given or {})
        self.url = f"http://127.0.0.1:{port}"
        self.gateway_url = f"http://127.0.0.1:{port + 1}"
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """The environment of its commands."""
        return {**CLEAN, "KHIDMA_HOME": str(self.home), "PORT": str(self.port), "PYTHONUNBUFFERED": "1"} | self.given

    def start(self) -> float:
        """Start it and wait for its ready line; how many seconds that took. :raises DidNotStart: it never came."""
        began = time.monotonic()
        log = self.home.parent / "run.log"
        with log.open("ab") as output:
            at = output.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local", "run"],
                cwd=ROOT,
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        while time.monotonic() - began < START_SECONDS:
            said = log.read_bytes()[at:].decode(errors="replace")
            if "Khidma is ready" in said:
                return time.monotonic() - began
            if self._process.poll() is not None:
                raise DidNotStart(said)
            time.sleep(0.1)
        raise DidNotStart(log.read_text(errors="replace"))

    def stop(self) -> float:
        """Stop it as Ctrl-C would; how many seconds that took."""
        began = time.monotonic()
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
        return time.monotonic() - began

    def kill_everything(self) -> None:
        """SIGKILL the supervisor and every process that it started, at once."""
        victims = [self._process.pid] if self._process else []
        victims += [found.pid for found in map(processes.recall, self.pid_files()) if found and found.is_alive]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        if self._process:
            self._process.wait()

    def pid_files(self) -> list[Path]:
        """One file for each process that it started."""
        return sorted((self.home / "processes").glob("*.pid"))

    def pid_of(self, name: str) -> int:
        """The process of this name that runs now. :raises LookupError: there is none."""
        found = processes.recall(self.home / "processes" / f"{name}.pid")
        if not found or not found.is_alive:
            raise LookupError(f"{name} does not run.")
        return found.pid

    def kill(self, name: str) -> None:
        """SIGKILL one process; the supervisor starts it again."""
        os.kill(self.pid_of(name), signal.SIGKILL)

    def freeze(self, name: str, seconds: float) -> None:
        """Stop one process in its tracks for so long: it neither answers nor refuses."""
        pid = self.pid_of(name)
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(seconds, os.kill, (pid, signal.SIGCONT)).start()

    @contextmanager
    def down(self, *names: str) -> Iterator[None]:
        """Kill these processes; meanwhile nobody starts them again, since the supervisor itself stands still."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            for name in names:
                self.kill(name)
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)

    @contextmanager
    def silent(self, name: str) -> Iterator[None]:
        """Stop one process in its tracks as long as this lasts."""
        pid = self.pid_of(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py against it."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def free_port() -> int:
    """A port with a free one behind it."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@contextmanager
def running() -> Iterator[Khidma]:
    """A started Khidma, stopped at the end whatever happens."""
    with tempfile.TemporaryDirectory(prefix="khidma-verify-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        khidma = Khidma(Path(folder) / "home", free_port())
        try:
            khidma.start()
            yield khidma
        finally:
            khidma.stop()
