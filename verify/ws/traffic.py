"""Pairs that talk while the server is killed, stopped and loses Valkey; then each one's book against the table."""

import asyncio
import json
import os
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection

from verify.proof import CannotRun, Run
from verify.running import Khidma
from verify.ws.people import Person, Village, said_in
from verify.ws.phone import FORMS, GONE, open_socket, say

PACE = 0.6
"""Seconds between two messages of one user: 20 in 10 s are allowed, and those on their way come on top."""
UNDER_WAY = 3
BETWEEN_FAULTS = 6.0
STILL_SECONDS = 40.0
"""How long nothing at all may arrive while something is owed."""
QUIET_SECONDS = 1.5
MOST_GROWTH_MB = 100.0
WORDS = ["the", "sketch", "logo", "green", "please", "tomorrow", "smaller", "thanks", "नमस्ते", "ठीक है", "🙂", "draft"]
FAULTS = ("valkey killed", "web killed", "web stopped")
EXPECTED_CLOSES = {None, 1000, 1006, 1012, 1013}


class Talker:
    """One user: says its messages in order, comes back when cut off, and keeps a book of what it heard."""

    def __init__(self, person: Person, count: int, port: int, random: Random) -> None:
        self.person, self.port, self.random = person, port, random
        self.texts = {f"{person.user_id}-{number}": self._words() for number in range(count)}
        self.owed = dict(self.texts)
        """What was not acknowledged yet, in the order of saying."""
        self.seq: int | None = None
        self.heard: list[tuple[str, int, str, str, str]] = []
        """Id, number, sender, the sender's own id and text of each message, in the order of hearing."""
        self.faults: list[str] = []
        self.closes: Counter[int | None] = Counter()
        self.refused = self.resumes = 0
        self.socket: ClientConnection | None = None
        self.must_hear_1012 = False
        self.latencies: list[float] = []
        self._said_at: dict[str, float] = {}
        self._acknowledged = asyncio.Event()

    def _words(self) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randint(1, 25)))

    async def live(self) -> None:
        """Come back for as long as nobody cancels."""
        while True:
            with suppress(*GONE):
                async with await open_socket(self.port, self.person.token, self.random.choice(FORMS)) as self.socket:
                    await self._talk(self.socket)
            await asyncio.sleep(self.random.uniform(0.3, 1.0))

    async def _talk(self, socket: ClientConnection) -> None:
        if self.seq is not None:
            self.resumes += 1
            await say(socket, "RESUME", lastSeq=self.seq)
        writing = asyncio.create_task(self._write(socket))
        try:
            while True:
                self._take(json.loads(await socket.recv()))
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            self._note_close(socket.close_code)

    def _note_close(self, code: int | None) -> None:
        self.socket = None
        self.closes[code] += 1
        if self.must_hear_1012 and code != 1012:
            self.faults.append(f"the server stopped and closed with {code}")
        if code not in EXPECTED_CLOSES:
            self.faults.append(f"closed with {code}")
        self.must_hear_1012 = False

    async def _write(self, socket: ClientConnection) -> None:
        """Say what is owed, at its pace, a few at a time; after a cut what was not acknowledged is said again."""
        on_way: set[str] = set()
        while True:
            on_way &= self.owed.keys()
            fresh = next((own for own in self.owed if own not in on_way), None)
            if fresh is None or len(on_way) >= UNDER_WAY:
                self._acknowledged.clear()
                await self._acknowledged.wait()
                continue
            on_way.add(fresh)
            self._said_at[fresh] = time.monotonic()
            data = {"conversationId": self.person.conversation_id, "text": self.owed[fresh], "clientMessageId": fresh}
            await say(socket, "CHAT_MESSAGE", ref=fresh, **data)
            await asyncio.sleep(PACE * self.random.uniform(0.95, 1.15))

    def _take(self, frame: dict[str, Any]) -> None:
        event, data, seq = frame["event"], frame["data"], frame.get("seq")
        if event == "AUTHENTICATED":
            self.seq = data["seq"] if self.seq is None else self.seq
        elif event == "ERROR":
            self._refused(frame)
        elif event == "RESET":
            self.faults.append(f"RESET after {self.seq}")
        elif seq is not None:
            self._of_the_stream(event, data, seq)

    def _refused(self, frame: dict[str, Any]) -> None:
        """Too fast is said again after a pause, by coming back; nothing else may be refused."""
        if frame["data"]["code"] != "rate_limited":
            self.faults.append(f"refused: {frame}")
        self.refused += 1
        if self.socket is not None:
            self.socket.transport.close()

    def _of_the_stream(self, event: str, data: dict[str, Any], seq: int) -> None:
        if self.seq is not None and seq != self.seq + 1:
            self.faults.append(f"number {seq} came after {self.seq}")
        self.seq = seq
        if event != "CHAT_MESSAGE":
            return
        if data["conversationId"] != str(self.person.conversation_id):
            self.faults.append(f"a foreign frame: {data}")
            return
        own = data.get("clientMessageId", "")
        self.heard.append((data["messageId"], data["sequence"], data["senderId"], own, data["text"]))
        if self.owed.pop(own, None) is not None:
            self.latencies.append(time.monotonic() - self._said_at[own])
            self._acknowledged.set()


class Traffic:
    """All pairs, the faults on their way, and the judgement."""

    def __init__(self, run: Run, khidma: Khidma, village: Village) -> None:
        self.run, self.khidma = run, khidma
        each = -(-int(run.size["messages"]) // (2 * len(village.pairs)))
        self.pairs = [
            tuple(Talker(person, each, khidma.port, Random(run.random.random())) for person in pair)
            for pair in village.pairs
        ]
        self.talkers = [talker for pair in self.pairs for talker in pair]
        self.of_each_pair = 2 * each
        self.memory: dict[int, list[float]] = {}

    @property
    def to_hear(self) -> int:
        """How often somebody is to hear a message."""
        return self.of_each_pair * len(self.talkers)

    @property
    def heard(self) -> int:
        return sum(len(talker.heard) for talker in self.talkers)

    async def play(self, *, before_faults: list["asyncio.Task[None]"]) -> None:
        """Let them talk, hurt the server, wait until everybody has heard all, and judge."""
        began = time.monotonic()
        tasks = [asyncio.create_task(talker.live()) for talker in self.talkers]
        watching = asyncio.create_task(self._watch_memory())
        try:
            faults = asyncio.create_task(self._hurt(before_faults))
            await self._until_all_was_heard()
            self.run.figure("seconds of traffic", round(time.monotonic() - began))
            await faults
            await self._until_all_was_heard()
            await asyncio.sleep(QUIET_SECONDS)
        finally:
            for task in (*tasks, watching):
                task.cancel()
            await asyncio.gather(*tasks, watching, return_exceptions=True)
        await asyncio.to_thread(self._judge)

    async def _until_all_was_heard(self) -> None:
        heard, since = -1, time.monotonic()
        while self.heard < self.to_hear or any(talker.owed for talker in self.talkers):
            if self.heard != heard:
                heard, since = self.heard, time.monotonic()
            if time.monotonic() - since > STILL_SECONDS:
                return
            self.run.progress(self.heard, self.to_hear)
            await asyncio.sleep(0.2)

    async def _hurt(self, before: list["asyncio.Task[None]"]) -> None:
        """Each fault when its share of the traffic is through, and everybody has come back from the one before."""
        await asyncio.gather(*before)
        count = int(self.run.size["faults"])
        done: Counter[str] = Counter()
        order = [FAULTS[number % len(FAULTS)] for number in range(count)]
        self.run.random.shuffle(order)
        for number, fault in enumerate(order, 1):
            while self.heard < self.to_hear * number / (count + 1):
                await asyncio.sleep(0.1)
            await self._all_are_there()
            self._do(fault)
            done[fault] += 1
            await asyncio.sleep(BETWEEN_FAULTS)
        self.run.figure("faults", ", ".join(f"{fault} {times}" for fault, times in sorted(done.items())))

    async def _all_are_there(self) -> None:
        for _ in range(300):
            if all(talker.socket is not None for talker in self.talkers):
                return
            await asyncio.sleep(0.1)
        raise CannotRun("Not everybody came back within 30 s.")

    def _do(self, fault: str) -> None:
        part, _, way = fault.partition(" ")
        if way == "killed":
            self.khidma.kill(part)
            return
        for talker in self.talkers:
            talker.must_hear_1012 = talker.socket is not None
        os.kill(self.khidma.pid_of(part), signal.SIGTERM)

    async def _watch_memory(self) -> None:
        """Megabytes that each life of the web process held, from a moment after all had come to it."""
        while True:
            await asyncio.sleep(1)
            with suppress(LookupError, OSError):
                pid = self.khidma.pid_of("web")
                if all(talker.socket is not None for talker in self.talkers):
                    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                    self.memory.setdefault(pid, []).append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)

    # The judgement -----------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        run = self.run
        for talker in self.talkers:
            for fault in talker.faults[:3]:
                run.violation(f"{talker.person.user_id}: {fault}")
        for pair in self.pairs:
            self._judge_pair(*pair)
        growth = max((max(lives) - lives[0] for lives in self.memory.values()), default=0.0)
        if growth >= MOST_GROWTH_MB:
            run.violation(f"the web process grew by {growth:.0f} MB")
        closes: Counter[int | None] = sum((talker.closes for talker in self.talkers), Counter())
        latencies = sorted(one for talker in self.talkers for one in talker.latencies)
        run.figure("users", len(self.talkers))
        run.figure("messages", sum(len(talker.texts) for talker in self.talkers))
        run.figure("heard", self.heard)
        run.figure("resumes", sum(talker.resumes for talker in self.talkers))
        run.figure("closed with", ", ".join(f"{code}: {count}" for code, count in sorted(closes.items(), key=str)))
        run.figure("refused as too fast", sum(talker.refused for talker in self.talkers))
        run.figure("ms to the acknowledgement, p50", round(latencies[len(latencies) // 2] * 1000) if latencies else "-")
        run.figure("memory growth of web, MB", round(growth))

    def _judge_pair(self, one: Talker, other: Talker) -> None:
        """What both heard is what the table holds, each once and in order, and that is what both said."""
        assert one.person.conversation_id is not None
        stored = said_in(one.person.conversation_id)
        said = {**one.texts, **other.texts}
        name = f"conversation {one.person.conversation_id}"
        if [number for _id, number, *_rest in stored] != list(range(1, len(stored) + 1)):
            self.run.violation(f"{name}: its numbers have gaps")
        if Counter(own for *_rest, own, _text in stored) != Counter(list(said)):
            self.run.violation(f"{name}: {len(said)} messages were said and {len(stored)} are stored")
        if any(said.get(own) != text for *_rest, own, text in stored):
            self.run.violation(f"{name}: a text is another one")
        for talker in (one, other):
            mine = [own for *_rest, sender, own, _text in stored if sender == talker.person.user_id]
            if mine != list(talker.texts):
                self.run.violation(f"{name}: what {talker.person.user_id} said is not in its order")
            if talker.heard != stored:
                self.run.violation(
                    f"{name}: {talker.person.user_id} heard {len(talker.heard)} messages of {len(stored)},"
                    f" {len(set(talker.heard))} different ones"
                )
