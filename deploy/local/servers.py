"""PostgreSQL and Valkey of our own, as services of a home."""

import signal
from pathlib import Path

from deploy.local import place, ports, postgres, processes, valkey
from deploy.local.environment import Values, cache_address, database_addresses
from deploy.local.services import Service

NAMES = ("postgres", "valkey")


def database(home: Path, values: Values, *, forgetful: bool = False) -> Service:
    """PostgreSQL on the port it had before if that is still free; `values` learns the addresses."""
    where = place.find(home)
    values |= database_addresses(
        values, ports.choose(int(values.get("KHIDMA_POSTGRES_PORT", 0)) or None, among=range(15_000, 20_000))
    )
    if not postgres.is_made(where):
        (home / "demo-is-there").unlink(missing_ok=True)
        postgres.make(where, values)
    postgres.forget_dead_postmaster(where)
    command = postgres.command(where, int(values["KHIDMA_POSTGRES_PORT"]), forgetful=forgetful)
    return _server("postgres", command, home, where, signal.SIGINT)


def cache(home: Path, values: Values, *, forgetful: bool = False) -> Service:
    """Valkey, likewise."""
    where = place.find(home)
    values |= cache_address(
        values, ports.choose(int(values.get("KHIDMA_VALKEY_PORT", 0)) or None, among=range(10_000, 15_000))
    )
    return _server("valkey", valkey.command(where, values, forgetful=forgetful), home, where, signal.SIGTERM)


def _server(name: str, command: list[str | Path], home: Path, where: place.Place, farewell: signal.Signals) -> Service:
    return Service(name, command, postgres.PLAIN, home, account=where.account, farewell=farewell, folder=where.data)


def answer(values: Values, running: list[Service], *, seconds: float = 60) -> bool:
    """Wait for the servers that run; False when one does not answer in time or is gone."""
    ready = {"postgres": postgres.is_ready, "valkey": valkey.is_ready}
    processes.wait_until(lambda: all(not one.is_running or ready[one.name](values) for one in running), seconds=seconds)
    return all(one.is_running and ready[one.name](values) for one in running)
