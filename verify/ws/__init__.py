"""`ws`: the socket lets nobody in who may not, and nobody's messages are lost, doubled, reordered or misdelivered."""

import asyncio
from typing import TYPE_CHECKING

from verify.proof import Break, Proof, Run

if TYPE_CHECKING:
    from verify.running import Khidma


def prove(run: Run) -> None:
    """Strangers and floods first, then the traffic with its faults; at the end everybody's book against the table."""
    from verify.beside import beside

    with beside(run.scratch, given={"KHIDMA_LIMITS": "on", "KHIDMA_DEMO": "off"}) as khidma:
        asyncio.run(play(run, khidma))


async def play(run: Run, khidma: "Khidma") -> None:
    """All of it, on one event loop; what blocks is done in threads."""
    from verify.ws.deaf import Deaf
    from verify.ws.hostile import be_hostile, tokens_in_logs
    from verify.ws.people import Village
    from verify.ws.traffic import Traffic

    village = await asyncio.to_thread(Village, int(run.size["users"]), int(run.size["deaf"]))
    silent = await be_hostile(run, khidma, village)
    traffic = Traffic(run, khidma, village)
    deaf = Deaf(run, khidma, village)
    await traffic.play(before_faults=[silent, asyncio.create_task(deaf.play())])
    await asyncio.to_thread(tokens_in_logs, run, khidma, village)


REACH = "messaging/services/opening.py"
SAY = "messaging/migrations/0005_say_plainly.py"
HUB = "khidma/realtime/hub.py"
LINE = "khidma/realtime/line.py"

PROOF = Proof(
    name="ws",
    sizes={
        "ci": {"users": 110, "messages": 5_000, "faults": 3, "deaf": 20},
        "full": {"users": 240, "messages": 100_000, "faults": 30, "deaf": 20},
    },
    prove=prove,
    controls=[
        Break(
            SAY, "    IF messaging_say.only_plain AND NOT EXISTS (", "    IF false AND NOT EXISTS (", "strangers write"
        ),
        Break(REACH, "party.user_id = %(actor)s", "party.user_id IS NOT NULL", "strangers reach a conversation"),
        Break(
            "messaging/consumers/entrance.py",
            "        if origin_is_allowed(scope):",
            "        if scope:",
            "pages of strangers are let in",
        ),
        Break(
            "messaging/consumers/entrance.py",
            '        scope["query_string"] = urlencode(',
            "        urlencode(",
            "the token in the address reaches the log",
        ),
        Break(
            "messaging/consumers/hub.py",
            "            if not _still_stands(caller, standing.get(caller.session.pk)):",
            "            if caller is None:",
            "sockets outlive their sessions",
        ),
        Break(
            "messaging/consumers/commands.py",
            '    hit("chat", str(user.pk), amount=MESSAGES, seconds=MESSAGES_SECONDS, fail_closed=False)\n',
            "",
            "messages are not counted",
        ),
        Break(
            "deploy/local/run.py",
            '"--ws-max-size=65536"',
            '"--ws-max-size=16777216"',
            "a frame of any size is taken",
            also=[
                Break(
                    "messaging/consumers/frames.py",
                    "    return len(text) > LARGEST_FRAME or (",
                    "    return len(text) > 1 << 30 and (",
                    "",
                )
            ],
        ),
        Break(
            "khidma/realtime/server.py",
            "            self._abort_in(FAREWELL_SECONDS)\n",
            "            pass\n",
            "clients that never read hold on to their sockets",
        ),
        Break(
            "khidma/realtime/server.py",
            "        super().shutdown()\n",
            "        self.transport.close()\n",
            "the server stops without a word",
        ),
        Break(
            HUB,
            "            await self._compare(lines)\n",
            "",
            "rings are dropped and nobody looks at the table",
            also=[
                Break(
                    HUB,
                    "            rings, self._to_ring = self._to_ring, []\n",
                    "            rings, self._to_ring = self._to_ring, []\n"
                    "            if len(encode(rings)) % 20 == 0:\n                continue\n",
                    "",
                )
            ],
        ),
        Break(SAY, " FOR NO KEY UPDATE;", ";", "numbers are given out without a lock"),
        Break(
            SAY, "    IF messaging_say.message ->> 'client_message_id' <> '' THEN", "    IF false THEN", "said twice"
        ),
        Break(
            LINE,
            "        self._cursor, self._behind, self._held = after, True, False\n",
            "        self._cursor, self._behind, self._held = after + 1, True, False\n",
            "a resume begins one event too late",
        ),
        Break(
            LINE,
            "        if self._cursor is None or frame.seq is None or frame.seq <= self._cursor:\n",
            "        if self._cursor is None or frame.seq is None:\n",
            "what was read from the table is told again by the doorbell",
            also=[Break(LINE, "frame.seq != self._cursor + 1", "False", "")],
        ),
    ],
)
