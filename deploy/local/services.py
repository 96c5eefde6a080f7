"""The processes of a run, and the supervisor that keeps them running until it is told to stop."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import processes
from deploy.local.processes import Account

LONG_ENOUGH = 5.0
"""Seconds after which a process that dies has not died of its start."""
TOO_OFTEN = 3
SLOWEST_RESTART = 10.0


@dataclass
class Service:
    """One process to keep running."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    home: Path
    account: Account | None = None
    farewell: signal.Signals = signal.SIGTERM
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    quick_deaths: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0

    @property
    def log(self) -> Path:
        return self.home / "logs" / f"{self.name}.log"

    @property
    def note(self) -> Path:
        return self.home / "processes" / f"{self.name}.pid"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self.process = processes.start(
            self.command,
            environment=self.environment,
            log=self.log,
            account=self.account,
            farewell=self.farewell,
            folder=self.folder,
        )
        self.started_at = time.monotonic()
        self.start_again_at = 0.0
        processes.remember(self.note, self.process.pid)

    def last_words(self, lines: int = 12) -> str:
        """The end of the log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


@dataclass
class Supervisor:
    """Starts services, starts them again when they die, and stops them all in order."""

    say: Callable[[str], None]
    services: list[Service] = field(default_factory=list)

    def add(self, *services: Service) -> None:
        for service in services:
            service.start()
            self.services.append(service)

    def look(self) -> None:
        """One round: note who has died, and start again whoever's pause is over."""
        for service in self.services:
            if service.is_running:
                continue
            if not service.start_again_at:
                self._note_death(service)
            if time.monotonic() >= service.start_again_at:
                service.start()

    def _note_death(self, service: Service) -> None:
        code = service.process.returncode if service.process else None
        lived = time.monotonic() - service.started_at
        service.quick_deaths = service.quick_deaths + 1 if lived < LONG_ENOUGH else 1
        pause = min(0.5 * 2 ** (service.quick_deaths - 1), SLOWEST_RESTART)
        service.start_again_at = time.monotonic() + pause
        if service.quick_deaths == TOO_OFTEN:
            self.say(f"{service.name} keeps stopping. Its log {service.log} ends with:\n{service.last_words()}")
        elif service.quick_deaths < TOO_OFTEN:
            self.say(f"{service.name} stopped ({_manner(code)}) and is started again. Its log: {service.log}")

    def hopeless(self) -> Service | None:
        """A service that has died too often, if there is one."""
        return next((service for service in self.services if service.quick_deaths >= TOO_OFTEN), None)

    def stop(self, *, patience: float, last: Sequence[str] = ()) -> None:
        """Stop all services together, and after them those named `last`, on which the others lean."""
        first = [service for service in self.services if service.name not in last]
        leaned_on = [service for service in self.services if service.name in last]
        for group, seconds in ((first, patience), (leaned_on, 2.0)):
            processes.stop([(one.process, one.farewell) for one in group if one.process], seconds=seconds)
        for service in self.services:
            if service.process:
                _end_group(service.process.pid)
            service.note.unlink(missing_ok=True)


def _manner(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _end_group(group: int) -> None:
    """Whatever a stopped service has left in its session."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
