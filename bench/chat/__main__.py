"""`python -m bench.chat [--rounds 3] [--seconds 10]`: chat through three servers, in turns, on the same database.

Ours, as `make run` starts it; a bare Starlette server with Redis publish and subscribe; Channels with its core Redis
layer. Each is one process, stores every message with the same statement before it is delivered, and is asked by the
same phones. Exit code 1 where a goal is missed, 2 where a side could not be measured.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, TYPE_CHECKING, Any

from deploy.local.run import SOCKET_OPTIONS
from verify.inside import inside
from verify.running import free_port

if TYPE_CHECKING:
    from verify.inside import Inside

LAYER = "channels-redis==4.3.0"
START_SECONDS = 60
P99_MS, MEMORY_MB, SHARE_OF_BARE, TIMES_LAYERED = 100, 300, 0.6, 3.0
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Side:
    """One server: its application, how phones say who they are, and more options of Uvicorn."""

    name: str
    application: str
    key: str
    options: tuple[str, ...] = ()


OURS = Side("Khidma", "khidma.asgi:application", "token", tuple(SOCKET_OPTIONS))
BARE = Side("Starlette", "bench.chat.bare:application", "user", ("--ws-per-message-deflate=false",))
LAYERED = Side("Channels", "bench.chat.layered:application", "user", ("--ws-per-message-deflate=false",))


@dataclass(frozen=True)
class Measured:
    """One side in one round. Milliseconds of processor time are for each message stored and delivered."""

    steady: dict[str, Any]
    rate: float
    server_ms: float
    postgres_ms: float
    valkey_ms: float
    phones_ms: float
    memory_mb: float
    others: float

    @property
    def whole_ms(self) -> float:
        """The processor time of everything but the phones."""
        return self.server_ms + self.postgres_ms + self.valkey_ms


def main(arguments: Sequence[str]) -> int:
    """Measure, print, compare with the goals."""
    parser = argparse.ArgumentParser(prog="bench.chat", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=200, help="messages a second in the steady part")
    parser.add_argument("--at-once", type=int, default=32, help="pairs that answer each other without a pause")
    parser.add_argument("--most-sockets", type=int, default=2000, help="for the memory of one process")
    asked = parser.parse_args(arguments)
    with inside(forgetful=False, settings={"KHIDMA_LIMITS": "off"}) as servers, layer() as more:
        from bench.chat.people import make_pairs

        pairs = make_pairs(asked.most_sockets // 2)
        sides = [OURS, BARE, *([LAYERED] if more else [])]
        found: dict[str, list[Measured]] = {side.name: [] for side in sides}
        for _ in range(asked.rounds):
            for side in sides:
                found[side.name].append(measure(servers, side, pairs[: asked.sockets // 2], asked, more))
        memory = {side.name: memory_of(servers, side, pairs, more) for side in sides}
    return tell(found, memory, asked)


@contextmanager
def layer() -> Iterator[Path | None]:
    """A folder with Channels' layer, which is no dependency of ours; nothing if it cannot be had."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    with tempfile.TemporaryDirectory(prefix="khidma-layer-") as folder:
        command = [uv or "uv", "pip", "install", "--quiet", "--no-deps", "--target", folder, LAYER, "msgpack"]
        try:
            subprocess.run(command, check=True, timeout=120)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"{LAYER} could not be installed, so Channels is not measured: {error}")
            yield None
        else:
            yield Path(folder)


@contextmanager
def serving(servers: "Inside", side: Side, more: Path | None) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """One process of this side, and its port."""
    from django.conf import settings

    port, told = free_port(), dict(os.environ)
    told |= {"KHIDMA_PROCESS": "web", "BENCH_VALKEY": settings.REDIS_URL, "BENCH_DATABASE": _address(settings)}
    told["PYTHONPATH"] = os.pathsep.join([str(Path.cwd()), *([str(more)] if more and side is LAYERED else [])])
    command = [sys.executable, "-m", "uvicorn", side.application, "--port", str(port), "--no-access-log"]
    with (servers.home / "logs" / f"{side.name}.log").open("ab") as log:
        server = subprocess.Popen([*command, "--log-level", "warning", *side.options], env=told, stdout=log, stderr=log)
    try:
        _wait_for(port, server)
        yield server, port
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _address(settings: Any) -> str:
    database = settings.DATABASES["default"]
    names = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER", "password": "PASSWORD"}
    return " ".join(f"{name}={database[key]}" for name, key in names.items())


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    import socket

    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("A server did not start; its log says why.")


@contextmanager
def phones(port: int, pairs: list[Any], side: Side) -> Iterator[tuple[subprocess.Popen[str], "IO[str]", "IO[str]"]]:
    """The process of the phones, with all its sockets open."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.chat.phones"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        _order(process.stdin, process.stdout, {"port": port, "pairs": pairs, "key": side.key})
        yield process, process.stdin, process.stdout
    finally:
        process.kill()
        process.wait()


def _order(to: "IO[str]", back: "IO[str]", order: dict[str, Any]) -> dict[str, Any]:
    to.write(json.dumps(order) + "\n")
    to.flush()
    line = back.readline()
    if not line:
        raise RuntimeError("The phones have died.")
    found: dict[str, Any] = json.loads(line)
    return found


def measure(servers: "Inside", side: Side, pairs: list[Any], asked: argparse.Namespace, more: Path | None) -> Measured:
    """One side once: a warm-up, the steady part, then as fast as it goes."""
    with serving(servers, side, more) as (server, port), phones(port, pairs, side) as (process, to, back):
        steady: dict[str, Any] = {"do": "steadily", "rate": asked.rate}
        _order(to, back, steady | {"seconds": 2})
        slow = _order(to, back, steady | {"seconds": asked.seconds})
        here = {"server": [server.pid], "phones": [process.pid]}
        before, began, busy = used_by(here | database_processes()), time.monotonic(), machine()
        fast = _order(to, back, {"do": "fast", "at_once": asked.at_once, "seconds": asked.seconds})
        used = {name: seconds - before[name] for name, seconds in used_by(here | database_processes()).items()}
        others = (machine() - busy - sum(used.values())) / (time.monotonic() - began)
        each = {name: seconds / max(1, fast["arrived"]) * 1000 for name, seconds in used.items()}
        memory = resident_mb(server.pid)
    return Measured(
        slow, fast["rate"], each["server"], each["postgres"], each["valkey"], each["phones"], memory, others
    )


def memory_of(servers: "Inside", side: Side, pairs: list[Any], more: Path | None) -> float:
    """Megabytes of one process with all sockets open, after each has heard something."""
    with serving(servers, side, more) as (server, port), phones(port, pairs, side) as (_process, to, back):
        _order(to, back, {"do": "steadily", "rate": 200, "seconds": 5})
        return resident_mb(server.pid)


def database_processes() -> dict[str, list[int]]:
    """All processes of PostgreSQL, and Valkey."""
    import redis
    from django.conf import settings
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        postmaster = _stat(cursor.fetchone()[0])[1]
    everyone = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    with redis.Redis.from_url(settings.REDIS_URL) as cache:
        valkey = int(cache.info("server")["process_id"])
    children = [pid for pid in everyone if int(_stat(pid)[1]) == int(postmaster)]
    return {"postgres": [int(postmaster), *children], "valkey": [valkey]}


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, …; of a process that has gone, zeros."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 50


def used_by(pids: dict[str, list[int]]) -> dict[str, float]:
    """Seconds of processor time of each group of processes, and of their children that have ended."""
    return {name: sum(sum(map(int, _stat(pid)[11:15])) for pid in ids) / TICK for name, ids in pids.items()}


def machine() -> float:
    """Seconds that all processors were busy so far."""
    ticks = [int(part) for part in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(ticks[:8]) - ticks[3] - ticks[4]) / TICK


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def tell(found: dict[str, list[Measured]], memory: dict[str, float], asked: argparse.Namespace) -> int:
    """Print every round, the medians and the goals; 0 where all are met."""
    print(f"{asked.sockets} sockets, {asked.rate} messages/s, then {asked.at_once} pairs without a pause")
    print("side       round   p50 ms   p99 ms   arrived   messages/s   server   PostgreSQL   Valkey   phones   others")
    for name, rounds in found.items():
        for number, one in enumerate(rounds, 1):
            print(
                f"{name:9} {number:6} {one.steady['p50']:8.1f} {one.steady['p99']:8.1f}"
                f" {one.steady['arrived']:5}/{one.steady['sent']} {one.rate:10.0f} {one.server_ms:8.2f}"
                f" {one.postgres_ms:10.2f} {one.valkey_ms:9.2f} {one.phones_ms:8.2f} {one.others:8.2f}"
            )
    print("(server, PostgreSQL, Valkey, phones: ms of processor time a message; others: cores that others used)")
    rate = {name: median(one.rate for one in rounds) for name, rounds in found.items()}
    whole = {name: median(one.whole_ms for one in rounds) for name, rounds in found.items()}
    for name in found:
        print(
            f"{name:9} median {rate[name]:6.0f} messages/s, {whole[name]:.2f} ms a message, {memory[name]:.0f} MB"
            f" with {asked.most_sockets} sockets"
        )
    p99 = median(one.steady["p99"] for one in found[OURS.name])
    goals = {
        f"p99 {p99:.0f} ms under {P99_MS}": p99 < P99_MS,
        f"{memory[OURS.name]:.0f} MB under {MEMORY_MB}": memory[OURS.name] < MEMORY_MB,
        _compared(rate, whole, BARE, SHARE_OF_BARE): rate[OURS.name] >= SHARE_OF_BARE * rate[BARE.name],
    }
    if LAYERED.name in rate:
        goals[_compared(rate, whole, LAYERED, TIMES_LAYERED)] = rate[OURS.name] >= TIMES_LAYERED * rate[LAYERED.name]
    for goal, met in goals.items():
        print(f"{'met   ' if met else 'MISSED'} {goal}")
    return 2 if LAYERED.name not in rate else 0 if all(goals.values()) else 1


def _compared(rate: dict[str, float], whole: dict[str, float], other: Side, goal: float) -> str:
    by_rate, by_time = rate[OURS.name] / rate[other.name], whole[other.name] / whole[OURS.name]
    return f"{by_rate:.2f} of {other.name}, goal {goal} (by processor time {by_time:.2f})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
