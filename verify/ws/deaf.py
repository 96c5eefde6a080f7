"""Clients that never read: they are closed, let go of, and cost the server no more memory than a little."""

import asyncio
import socket as sockets
import time
from pathlib import Path

from django.db import connection

from khidma.realtime import streams
from verify.proof import Run
from verify.running import Khidma
from verify.ws.people import Person, Village

SOCKETS_EACH = 10
EVENTS = 320
PAD = "x" * 6_000
GONE_WITHIN = 45.0
ESTABLISHED = "01"


class Deaf:
    """Ten sockets for each of these users, which authenticate and then read nothing of what is pushed to them."""

    def __init__(self, run: Run, khidma: Khidma, village: Village) -> None:
        self.run, self.khidma, self.people = run, khidma, village.deaf

    async def play(self) -> None:
        """Open them, push more than the network's buffers take, and wait until the server has let go of all."""
        made = [await self._open(person) for person in self.people for _ in range(SOCKETS_EACH)]
        try:
            began = time.monotonic()
            await asyncio.to_thread(self._push)
            left = len(made)
            while left and time.monotonic() - began < GONE_WITHIN:
                await asyncio.sleep(0.5)
                left = await asyncio.to_thread(self._still_there, {one.getsockname()[1] for one in made})
            self.run.figure("clients that never read", len(made))
            self.run.figure("s until the last of them was cut off", round(time.monotonic() - began, 1))
            if left:
                self.run.violation(f"{left} of {len(made)} clients that never read are still there")
        finally:
            for one in made:
                one.close()

    async def _open(self, person: Person) -> sockets.socket:
        """A socket with little room for what is sent to it, authenticated by its address."""
        loop = asyncio.get_running_loop()
        near = sockets.socket()
        near.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096)
        near.setblocking(False)
        await loop.sock_connect(near, ("127.0.0.1", self.khidma.port))
        head = [f"GET /ws?token={person.token} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket"]
        head += ["Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        await loop.sock_sendall(near, "\r\n".join([*head, "", ""]).encode())
        heard = b""
        async with asyncio.timeout(15):
            while b"AUTHENTICATED" not in heard:
                heard += await loop.sock_recv(near, 4_096)
        return near

    def _push(self) -> None:
        users = [person.user.pk for person in self.people]
        for number in range(EVENTS):
            streams.push(user_ids=users, event="NOTIFICATION", data={"number": number, "pad": PAD})
        connection.close()

    def _still_there(self, ports: set[int]) -> int:
        """How many of these the server's side of the connection is still open for."""
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        mine = [row for row in rows if row[1].endswith(f":{self.khidma.port:04X}") and row[3] == ESTABLISHED]
        return sum(int(row[2].rpartition(":")[2], 16) in ports for row in mine)
