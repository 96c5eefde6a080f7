"""`make run`: sets up a home, starts the whole of Khidma in it, and stops all of it again."""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO

from deploy.local import environment, migrating, place, ports, postgres, processes, readiness, servers
from deploy.local.environment import ROOT, Values
from deploy.local.services import Service, Supervisor

PATIENCE = 7.5
"""Seconds for web and workers to finish; the servers' two come on top, and the promise is ten."""
GRACE = 7
START_SECONDS = 120.0
LARGEST_LOG = 20_000_000
SOCKET_OPTIONS = [
    "--ws=khidma.realtime.server:Protocol",
    "--ws-max-size=65536",  # refused by the header of the frame that goes over it, so that no more is kept
    "--ws-ping-interval=0",  # the socket has a PING of its own
    "--ws-per-message-deflate=false",  # it costs more memory for each socket than all the rest
]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody wants us to stop."""


class CannotStart(RuntimeError):
    """Something outside of us is in the way; the message says what to do."""


def main() -> int:
    """Run until told to stop; 0 when that is how it ended."""
    for number in SIGNALS:
        signal.signal(number, _stop)
    home = environment.home_folder()
    supervisor = Supervisor(say)
    try:
        with only_one(home):
            try:
                run(home, supervisor)
            finally:
                stop(supervisor)
    except Stopped:
        return 0
    except (CannotStart, place.NoPlace, postgres.PostgresFailed) as reason:
        say(f"Khidma did not start. {reason}")
        return 1
    except PermissionError as reason:
        say(f"Khidma did not start. {reason.filename} belongs to another user; choose another KHIDMA_HOME.")
        return 1
    return 0


def say(words: str, end: str = "\n") -> None:
    """Print; a reader who has gone (a closed terminal or pipe) is no reason to leave anything undone."""
    try:
        print(words, end=end, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def stop(supervisor: Supervisor) -> None:
    """End every service; further signals change nothing, as it takes ten seconds at most."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if supervisor.services:
        say("Stopping ...")
        supervisor.stop(patience=PATIENCE, last=servers.NAMES)
        say("Stopped.")


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Make the home and hold it for this run. :raises CannotStart: another run holds it."""
    home.mkdir(parents=True, exist_ok=True)
    if home.stat().st_uid == os.geteuid():
        home.chmod(0o755 if os.geteuid() == 0 else 0o700)
    for name in ("logs", "media", "static", "processes"):
        (home / name).mkdir(mode=0o700, exist_ok=True)
    with (home / "lock").open("a+") as lock:
        _hold(lock, home)
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _hold(lock: TextIO, home: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise CannotStart(
            f"It is running already from {home} (process {lock.read() or 'unknown'}). "
            "Stop that one, or choose another home: KHIDMA_HOME=… PORT=… make run"
        ) from None


def run(home: Path, supervisor: Supervisor) -> None:
    """Everything from an empty folder to a running Khidma, then watching it."""
    refuse_production()
    for name in processes.end_leftovers(home / "processes"):
        say(f"Ended {name}, left behind by a run that was killed.")
    port = web_port()
    for log in (home / "logs").glob("*.log"):
        if log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".old.log"))
    values = environment.make_secrets(environment.read(home / "environment"))
    start_servers(home, values, supervisor)
    migrate(home, supervisor, values)
    *needed, clock = applications(home, port, values)
    with step("web, stand-in and workers"):
        supervisor.add(*needed)
        wait_until_ready(port, supervisor)
    supervisor.add(clock)
    seed_once(home, supervisor, values)
    welcome(home, port)
    while True:
        supervisor.look()
        time.sleep(0.2)


def refuse_production() -> None:
    if os.environ.get("KHIDMA_ENV", "local") != "local":
        raise CannotStart("`make run` is for KHIDMA_ENV=local, with demo data and the gateway's stand-in.")


def web_port() -> int:
    """The port from the environment. :raises CannotStart: it is none, or it or the stand-in's is taken."""
    text = os.environ.get("PORT") or "8000"
    port = int(text) if text.isdecimal() else 0
    if not 1 <= port < 65_535:
        raise CannotStart(f"PORT is {text!r}; it must be a number from 1 to 65534.")
    for wanted in (port, port + 1):
        if not ports.is_free(wanted):
            raise CannotStart(f"Port {wanted} is taken by another program. Choose another: PORT={port + 100} make run")
    return port


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    began = time.monotonic()
    say(f"{name} ...", end=" ")
    yield
    say(f"{time.monotonic() - began:.1f} s")


def start_servers(home: Path, values: Values, supervisor: Supervisor) -> None:
    """Our own servers, except where the environment names real ones."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READONLY_URL", "REDIS_URL"):
        values.pop(name, None)
    values["PORT"] = os.environ.get("PORT") or "8000"
    wanted = [("DATABASE_URL", servers.database), ("REDIS_URL", servers.cache)]
    missing = [make for name, make in wanted if not os.environ.get(name)]
    if not missing:
        environment.write(home / "environment", values)
        return
    with step("PostgreSQL and Valkey"):
        own = [make(home, values) for make in missing]
        environment.write(home / "environment", values)
        supervisor.add(*own)
        if not servers.answer(values, own):
            silent = next((one for one in own if not one.is_running), own[0])
            raise CannotStart(f"{silent.name} does not answer. Its log {silent.log} ends with:\n{silent.last_words()}")
        if servers.database in missing:
            postgres.set_up(values)


def settings(home: Path, values: Values, **more: str) -> dict[str, str]:
    """The environment of every process: the home's values, over which real variables win."""
    given = {name: value for name, value in os.environ.items() if value or name not in values}
    merged = {**values, **given, "KHIDMA_HOME": str(home), "KHIDMA_ENV": "local", "PYTHONUNBUFFERED": "1", **more}
    if "DATABASE_URL" in given:
        merged.setdefault("DATABASE_OWNER_URL", given["DATABASE_URL"])
        merged.setdefault("DATABASE_READONLY_URL", given["DATABASE_URL"])
    if not uses_stand_in(given):
        merged.setdefault("RAZORPAY_BASE_URL", "https://api.razorpay.com")
    return merged


def uses_stand_in(given: Mapping[str, str]) -> bool:
    """Whether nobody has given keys of the real gateway, or an address of another one."""
    return not (given.get("RAZORPAY_KEY_ID") or given.get("RAZORPAY_BASE_URL"))


def command(home: Path, supervisor: Supervisor, name: str, values: Values, *arguments: str) -> None:
    """Run one of manage.py's commands to its end, watching what runs already. :raises CannotStart: it failed."""
    service = Service(name, [sys.executable, "manage.py", name, *arguments], settings(home, values), home, folder=ROOT)
    service.start()
    try:
        while service.is_running:
            supervisor.look()
            time.sleep(0.05)
    finally:
        Supervisor(say, [service]).stop(patience=1)
    if service.process is None or service.process.returncode:
        raise CannotStart(f"`manage.py {name}` failed. Its log {service.log} ends with:\n{service.last_words(30)}")


def migrate(home: Path, supervisor: Supervisor, values: Values) -> None:
    """Bring the database's tables up to date; on our own server only when something has changed."""
    mark = home / "migrated"
    ours = not os.environ.get("DATABASE_URL")
    if ours and migrating.is_done(mark, values):
        return
    with step("migrations"):
        command(home, supervisor, "migrate", values, "--database", "owner", "--skip-checks", "--no-input")
    if ours:
        mark.write_text(migrating.fingerprint(values))


def seed_once(home: Path, supervisor: Supervisor, values: Values) -> None:
    """Demo data, once for each database."""
    mark = home / "demo-is-there"
    known = any(found for depth in ("*", "*/*") for found in ROOT.glob(f"{depth}/management/commands/seed_demo.py"))
    if mark.exists() or not known or os.environ.get("KHIDMA_DEMO", "on").lower() in {"off", "0", "false", "no"}:
        return
    with step("demo data (first start only)"):
        command(home, supervisor, "seed_demo", values)
    mark.touch()


def applications(home: Path, port: int, values: Values) -> list[Service]:
    """The processes of Khidma itself; the last is the clock, which can wait."""
    python, hear = sys.executable, f"http://127.0.0.1:{port}/api/webhooks/payment"
    web = [python, "-m", "uvicorn", "khidma.asgi:application", "--host", "127.0.0.1", "--port", str(port)]
    web += ["--timeout-graceful-shutdown", str(GRACE), "--no-proxy-headers", "--no-access-log", "--no-server-header"]
    web += SOCKET_OPTIONS
    celery = [python, "-m", "celery", "-A", "khidma"]
    worker = [*celery, "worker", "--pool", "threads", "-c", "8", "--loglevel", "INFO"]
    worker += ["--without-mingle", "--without-gossip"]
    beat = [*celery, "beat", "--loglevel", "WARNING", "--pidfile=", "--schedule", str(home / "beat-schedule")]
    as_worker = settings(home, values, KHIDMA_PROCESS="worker")
    found = [
        Service("web", web, settings(home, values, KHIDMA_PROCESS="web"), home, folder=ROOT),
        Service("worker", worker, as_worker, home, folder=ROOT),
    ]
    if uses_stand_in(os.environ):
        told = settings(home, values, SANDBOX_PORT=str(port + 1), KHIDMA_SANDBOX_WEBHOOK_URL=hear)
        found.append(Service("sandbox", [python, "-m", "sandbox"], told, home, folder=ROOT))
    return [*found, Service("clock", beat, as_worker, home, folder=ROOT)]


def wait_until_ready(port: int, supervisor: Supervisor) -> None:
    """:raises CannotStart: a process keeps dying, or the web does not become ready."""
    deadline = time.monotonic() + START_SECONDS
    while not (readiness.is_ready(port) and (not uses_stand_in(os.environ) or readiness.listens(port + 1))):
        supervisor.look()
        if dead := supervisor.hopeless():
            raise CannotStart(f"{dead.name} does not stay up; the end of its log stands above.")
        if time.monotonic() > deadline:
            raise CannotStart(f"http://127.0.0.1:{port}/readyz is not well: {readiness.what_readyz_says(port)}")
        time.sleep(0.1)


def welcome(home: Path, port: int) -> None:
    """The address, and what a newcomer needs to get in."""
    address = f"http://127.0.0.1:{port}"
    lines = [
        ("admin", f"{address}/admin/   admin@khidma.test / khidma-demo"),
        ("API docs", f"{address}/api/docs"),
        ("outbox", f"{address}/dev/outbox   every SMS (login codes), e-mail and push"),
        ("people", "+919000000001 and on: sign in with the code from the outbox"),
        ("logs", str(home / "logs")),
        ("watch it work", f"{sys.executable} manage.py demo"),
    ]
    if uses_stand_in(os.environ):
        lines.insert(3, ("gateway", f"http://127.0.0.1:{port + 1}   a stand-in for Razorpay: no real money moves"))
    say(f"\nKhidma is ready: {address}")
    say("\n".join(f"  {name:<14}{what}" for name, what in lines))
    say("Ctrl-C stops everything.")
