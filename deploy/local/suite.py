"""`make test`: PostgreSQL and Valkey for this run only, a migrated template database, then pytest."""

import fcntl
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from deploy.local import environment, place, postgres, processes, servers
from deploy.local.services import Supervisor

FOLDER = environment.ROOT / ".khidma-test"
OURS = ("KHIDMA_", "DATABASE_", "RAZORPAY", "SANDBOX_", "REDIS_URL", "PORT", "DJANGO_SETTINGS_MODULE", "PYTEST_")


class Interrupted(Exception):
    """Somebody wants us to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number)


def main(arguments: Sequence[str]) -> int:
    """Run the suite, or the part of it that the arguments of pytest name; the exit code is pytest's."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    FOLDER.mkdir(exist_ok=True)
    remove_abandoned()
    home = FOLDER / f"{int(time.time())}-{secrets.token_hex(3)}"
    for folder in (home, home / "logs", home / "static", home / "media"):
        folder.mkdir()
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        supervisor = Supervisor(print)
        try:
            return run(home, supervisor, arguments)
        except Interrupted as stopped:
            return 128 + stopped.number
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            supervisor.stop(patience=5, last=servers.NAMES)
            place.remove(home)


def remove_abandoned() -> None:
    """Remove what runs that were killed have left: their locks are free."""
    for home in FOLDER.iterdir():
        try:
            with (home / "lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                processes.end_leftovers(home / "processes")
                place.remove(home)
        except OSError:
            continue


def run(home: Path, supervisor: Supervisor, arguments: Sequence[str]) -> int:
    """Servers, template, tests; the exit code is that of the step that failed, or of pytest."""
    values = start_servers(home, supervisor)
    clean = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    settings = {
        **clean,
        "KHIDMA_HOME": str(home),
        "KHIDMA_ENV": "test",
        "KHIDMA_LIMITS": "off",
        "DJANGO_SETTINGS_MODULE": "khidma.settings",
    }
    migrated = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--database", "owner", "--skip-checks", "--verbosity", "0"],
        env=settings,
        cwd=environment.ROOT,
        check=False,
    )
    if migrated.returncode:
        return migrated.returncode
    with postgres.connect(values) as connection:
        connection.execute("ALTER DATABASE khidma ALLOW_CONNECTIONS false")  # a template nobody may change
    command = [sys.executable, "-m", "pytest", *share(arguments), *arguments]
    tests = processes.start(command, environment=settings, folder=environment.ROOT, new_session=False)
    try:
        return tests.wait()
    except Interrupted as stopped:
        end_tests(tests, by_terminal=stopped.number == signal.SIGINT)
        raise


def start_servers(home: Path, supervisor: Supervisor) -> environment.Values:
    """Start both servers and write down where they are."""
    values = environment.make_secrets({})
    own = [servers.database(home, values, forgetful=True), servers.cache(home, values, forgetful=True)]
    environment.write(home / "environment", values)
    supervisor.add(*own)
    if not servers.answer(values, own):
        raise postgres.PostgresFailed("\n".join(f"{one.name} says:\n{one.last_words()}" for one in own))
    postgres.set_up(values)
    return values


def share(arguments: Sequence[str]) -> list[str]:
    """The whole suite is shared between two processes; a part of it runs in one, without their start."""
    return [] if arguments else ["-n", "2", "--dist", "worksteal"]


def end_tests(tests: subprocess.Popen[bytes], *, by_terminal: bool) -> None:
    """Let pytest finish its teardown; Ctrl-C in a terminal has reached it already."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if not (by_terminal and processes.wait_until(lambda: tests.poll() is not None, seconds=3)):
        processes.stop([(tests, signal.SIGINT)], seconds=6)
