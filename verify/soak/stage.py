"""Where the soak plays: `make run` on servers reached through proxies, so that processes and networks can fail."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

from deploy.local import environment, place, postgres, servers
from deploy.local.environment import Values
from deploy.local.services import Supervisor
from verify.proof import CannotRun
from verify.proxy import Link
from verify.running import Khidma, free_port

SERVERS = ("postgres", "valkey")
KINDS = ("web", "worker", "clock", "sandbox", *SERVERS)
"""Every kind of process; `web` answers the API and holds the sockets."""


class Stage:
    """A running Khidma, its servers, and the links between all of them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.values: Values = environment.make_secrets({})
        self.supervisor = Supervisor(lambda words: None)
        self.links: dict[str, Link] = {}
        self.khidma = Khidma(home / "khidma", free_port())
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Servers first, then the links to them, then `make run` with the links' addresses."""
        self._start_servers()
        self._tasks.append(asyncio.create_task(self._watch()))
        ports = {
            "postgres": int(self.values["KHIDMA_POSTGRES_PORT"]),
            "valkey": int(self.values["KHIDMA_VALKEY_PORT"]),
            "gateway": self.khidma.port + 1,
            "phones": self.khidma.port,
        }
        for name, port in ports.items():
            self.links[name] = Link(name, port)
            await self.links[name].open()
        self.khidma.home.mkdir(mode=0o755)
        gateway = {"RAZORPAY_BASE_URL": f"http://127.0.0.1:{self.links['gateway'].port}"}
        environment.write(self.khidma.home / "environment", {**environment.make_secrets({}), **gateway})
        self.khidma.given = {
            "DATABASE_URL": self._through("DATABASE_URL", "postgres"),
            "DATABASE_OWNER_URL": self.values["DATABASE_OWNER_URL"],
            "DATABASE_READONLY_URL": self.values["DATABASE_READONLY_URL"],
            "REDIS_URL": self._through("REDIS_URL", "valkey"),
            "KHIDMA_LIMITS": "off",
        }
        await asyncio.to_thread(self.khidma.start)

    @property
    def url(self) -> str:
        """Khidma as the phones reach it."""
        return f"http://127.0.0.1:{self.links['phones'].port}"

    def _through(self, name: str, link: str) -> str:
        straight, port = self.values[name], self.values[f"KHIDMA_{link.upper()}_PORT"]
        return straight.replace(f"@127.0.0.1:{port}/", f"@127.0.0.1:{self.links[link].port}/")

    def _start_servers(self) -> None:
        for folder in (self.home, self.home / "logs"):
            folder.mkdir(mode=0o755, exist_ok=True)
        own = [servers.database(self.home, self.values), servers.cache(self.home, self.values)]
        self.supervisor.add(*own)
        if not servers.answer(self.values, own):
            raise CannotRun("\n".join(f"{one.name} says:\n{one.last_words()}" for one in own))
        postgres.set_up(self.values)

    async def _watch(self) -> None:
        while True:
            self.supervisor.look()
            await asyncio.sleep(0.2)

    def kill(self, kind: str) -> bool:
        """SIGKILL the process of this kind; whether there was one to kill."""
        try:
            os.kill(self._pid_of(kind), signal.SIGKILL)
        except (LookupError, ProcessLookupError):
            return False
        return True

    def _pid_of(self, kind: str) -> int:
        if kind not in SERVERS:
            return self.khidma.pid_of(kind)
        found = next(one for one in self.supervisor.services if one.name == kind)
        if not found.is_running or found.process is None:
            raise LookupError(kind)
        return found.process.pid

    def books(self) -> "psycopg.Connection[tuple[object, ...]]":
        """The database, straight, as superuser."""
        return postgres.connect(self.values, "khidma")

    async def stop(self) -> None:
        await asyncio.to_thread(self.khidma.stop)
        for task in self._tasks:
            task.cancel()
        for link in self.links.values():
            await link.close()
        self.supervisor.stop(patience=5, last=servers.NAMES)


@asynccontextmanager
async def stage(scratch: Path) -> AsyncIterator[Stage]:
    """A started stage, stopped at the end; logs stay in the scratch folder."""
    home = scratch / f"home-{secrets.token_hex(3)}"
    found = Stage(home)
    try:
        await found.start()
        yield found
    finally:
        await found.stop()
        note = home / "servers-outside"
        if note.exists():
            place.remove(home)
