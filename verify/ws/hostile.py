"""Those who must not get in, or not further: each case says what it found wrong, or nothing."""

import asyncio
import json
import socket as sockets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

from websockets.exceptions import ConnectionClosed, InvalidStatus

from accounts.services import suspend_user
from verify.proof import Run
from verify.running import Khidma
from verify.ws.people import Village, end_sessions, said_in
from verify.ws.phone import FORMS, closed, hear, open_socket, say

OUT_WITHIN = 2.0
LARGEST = 64 * 1024

Case = Callable[[Khidma, Village], Awaitable[list[str]]]


async def be_hostile(run: Run, khidma: Khidma, village: Village) -> "asyncio.Task[None]":
    """Every case, one after the other; returns the task of whoever says nothing, which takes ten seconds."""
    silent = asyncio.create_task(_report(run, khidma, village, say_nothing))
    for case in CASES:
        await _report(run, khidma, village, case)
    run.figure("hostile cases", len(CASES) + 1)
    return silent


async def _report(run: Run, khidma: Khidma, village: Village, case: Case) -> None:
    for fault in await case(khidma, village):
        run.violation(f"{case.__name__}: {fault}")


async def say_nothing(khidma: Khidma, village: Village) -> list[str]:
    """Ten seconds without authentication close with 4401."""
    began = time.monotonic()
    code = await closed(await open_socket(khidma.port), 13)
    waited = time.monotonic() - began
    return [] if code == 4401 and waited > 9.5 else [f"closed with {code} after {waited:.1f} s"]


async def strange_origins(khidma: Khidma, village: Village) -> list[str]:
    """A page of somebody else gets 403 at the handshake; ours, and programs that name none, get in."""
    faults = []
    ours = f"http://127.0.0.1:{khidma.port}"
    for origin in (
        "https://evil.example",
        "null",
        f"http://127.0.0.1:{khidma.port}.evil.example",
        "http://127.0.0.1:1",
    ):
        try:
            await (await open_socket(khidma.port, origin=origin)).close()
        except InvalidStatus as refused:
            if refused.response.status_code != 403:
                faults.append(f"{origin} got {refused.response.status_code}")
        else:
            faults.append(f"{origin} was let in")
    for allowed in (ours, None):
        await (await open_socket(khidma.port, origin=allowed)).close()
    return faults


async def tokens(khidma: Khidma, village: Village) -> list[str]:
    """Each of the three forms lets its user in; nonsense and a half token are refused with 4401."""
    faults, stranger = [], village.stranger
    for form in FORMS:
        async with await open_socket(khidma.port, stranger.token, form) as socket:
            if (answer := await hear(socket, "AUTHENTICATED", "ERROR"))["data"].get("userId") != stranger.user_id:
                faults.append(f"the {form} was answered by {answer}")
        for bad in ("nonsense", stranger.token[:-4], stranger.token.replace(".", ".e30", 1)):
            async with await open_socket(khidma.port, bad, form) as socket:
                answer = await hear(socket, "AUTHENTICATED", "ERROR")
                code = await closed(socket, 5)
                if (answer["data"].get("code"), code) != ("not_authenticated", 4401):
                    faults.append(f"a bad token as {form} was answered by {answer} and {code}")
    return faults


async def foreign_threads(khidma: Khidma, village: Village) -> list[str]:
    """Whoever does not take part is told `not_found` whatever they try, and nothing happens."""
    faults, (one, _other) = [], village.victim
    assert one.conversation_id is not None
    before = await asyncio.to_thread(said_in, one.conversation_id)
    attempts: dict[str, dict[str, object]] = {"CHAT_MESSAGE": {"text": "Hello"}}
    attempts |= {name: {} for name in ("SUBSCRIBE_CHAT", "UNSUBSCRIBE_CHAT", "TYPING_START", "TYPING_STOP")}
    async with await open_socket(khidma.port, village.stranger.token) as socket:
        for event, data in attempts.items():
            await say(socket, event, ref=event, conversationId=one.conversation_id, **data)
            answer = await hear(socket, "ERROR", "CHAT_MESSAGE", "SUBSCRIBED", within=3)
            if answer["data"].get("code") != "not_found":
                faults.append(f"{event} was answered by {answer}")
    if await asyncio.to_thread(said_in, one.conversation_id) != before:
        faults.append("the stranger's message was stored")
    return faults


async def sessions_that_end(khidma: Khidma, village: Village) -> list[str]:
    """Logged out or suspended, every socket is out with 4403 within two seconds; the suspended may come to read."""
    faults = []
    for why, act in (("logged out", end_sessions), ("suspended", _suspend)):
        person = await asyncio.to_thread(village.again, village.suspect)
        lines = [await open_socket(khidma.port, person.token, form) for form in FORMS]
        for line in lines:
            await hear(line, "AUTHENTICATED")
        await asyncio.to_thread(act, person)
        began = time.monotonic()
        codes = await asyncio.gather(*(closed(line, 5) for line in lines))
        took = time.monotonic() - began
        if codes != [4403] * len(lines) or took > OUT_WITHIN:
            faults.append(f"{why}: closed with {codes} after {took:.2f} s")
    again = await asyncio.to_thread(village.again, village.suspect)
    async with await open_socket(khidma.port, again.token) as socket:
        await hear(socket, "AUTHENTICATED")
        await say(socket, "CHAT_MESSAGE", conversationId=again.conversation_id, text="Hello")
        if (answer := await hear(socket, "ERROR", "CHAT_MESSAGE"))["data"].get("code") != "account_suspended":
            faults.append(f"the suspended wrote and heard {answer}")
    return faults


def _suspend(person: object) -> None:
    from django.db import connection

    suspend_user(user=person.user, reason="Fraud")  # type: ignore[attr-defined]
    connection.close()


async def large_frames(khidma: Khidma, village: Village) -> list[str]:
    """64 KiB are read, in one piece or many; one byte more, or only announced, closes with 1009."""
    faults = []
    whole = json.dumps({"event": "PING", "ref": "r", "data": {}}).encode()
    largest = whole[:-1] + b" " * (LARGEST - len(whole)) + b"}"
    async with await open_socket(khidma.port, village.stranger.token) as socket:
        await hear(socket, "AUTHENTICATED")
        for frame in (largest.decode(), [largest[:30_000].decode(), largest[30_000:].decode()]):
            await socket.send(frame)
            if (answer := await hear(socket, "PONG", "ERROR"))["event"] != "PONG":
                faults.append(f"a frame of 64 KiB was answered by {answer}")
    pieces = ["x" * 16_384] * 4 + ["x"]
    for name, frame in (("one piece", "x" * (LARGEST + 1)), ("pieces", pieces)):
        socket = await open_socket(khidma.port, village.stranger.token)
        await hear(socket, "AUTHENTICATED")
        with suppress(ConnectionClosed):
            await socket.send(frame)
        if (code := await closed(socket, 5)) != 1009:
            faults.append(f"64 KiB and a byte in {name} closed with {code}")
    if (code := await asyncio.to_thread(_announce, khidma.port, village.stranger.token, 1 << 40)) != 1009:
        faults.append(f"a frame that says it has a terabyte closed with {code}")
    return faults


def _announce(port: int, token: str, length: int) -> int | None:
    """Send the head of a frame of this length and none of it; the code of the close frame that comes back."""
    with sockets.create_connection(("127.0.0.1", port), timeout=5) as raw:
        head = [f"GET /ws?token={token} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade"]
        head += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", ""]
        raw.sendall("\r\n".join(head).encode())
        heard = b""
        while b"AUTHENTICATED" not in heard:
            heard += raw.recv(4_096)
        raw.sendall(b"\x81\xff" + length.to_bytes(8, "big") + b"\0\0\0\0")
        heard = b""
        with suppress(TimeoutError):
            while data := raw.recv(4_096):
                heard += data
    at = heard.rfind(b"\x88")
    return int.from_bytes(heard[at + 2 : at + 4], "big") if at >= 0 else None


async def nonsense(khidma: Khidma, village: Village) -> list[str]:
    """Nonsense of many kinds is answered; the twentieth within a minute closes with 4400."""
    faults = []
    words: list[str | bytes] = ["", "{", "[]", '{"event": "NOPE"}', '{"event": 1}', "[" * 5_000, b"\x00\x01"]
    async with await open_socket(khidma.port, village.stranger.token) as socket:
        await hear(socket, "AUTHENTICATED")
        for number in range(20):
            await socket.send(words[number % len(words)])
            if (answer := await hear(socket, "ERROR"))["data"]["code"] != "malformed_request":
                faults.append(f"{words[number % len(words)]!r} was answered by {answer}")
        if (code := await closed(socket, 5)) != 4400:
            faults.append(f"twenty pieces of nonsense closed with {code}")
    return faults


async def floods(khidma: Khidma, village: Village) -> list[str]:
    """Of a hundred messages at once twenty are stored and acknowledged, and nobody else is served any slower."""
    faults, (one, other) = [], village.victim
    assert one.conversation_id is not None
    before = len(await asyncio.to_thread(said_in, one.conversation_id))
    answers: Counter[str] = Counter()
    async with (
        await open_socket(khidma.port, one.token) as flooding,
        await open_socket(khidma.port, other.token) as bystander,
    ):
        for line in (flooding, bystander):
            await hear(line, "AUTHENTICATED")
        for number in range(100):
            await say(flooding, "CHAT_MESSAGE", ref=number, conversationId=one.conversation_id, text="Hello")
        began = time.monotonic()
        await say(bystander, "PING")
        await hear(bystander, "PONG")
        waited = time.monotonic() - began
        for _ in range(100):
            frame = await hear(flooding, "CHAT_MESSAGE", "ERROR")
            answers[str(frame["data"].get("code", frame["event"]))] += 1
    stored = len(await asyncio.to_thread(said_in, one.conversation_id)) - before
    if answers != Counter(CHAT_MESSAGE=20, rate_limited=80) or stored != 20:
        faults.append(f"of 100 messages at once {stored} were stored, the answers were {dict(answers)}")
    if waited > 1.0:
        faults.append(f"somebody else waited {waited:.2f} s for a PONG")
    return faults


async def eleven_sockets(khidma: Khidma, village: Village) -> list[str]:
    """The eleventh socket of a user closes the oldest with 4408, and only that."""
    person = village.victim[1]
    lines = []
    for _ in range(11):
        lines.append(await open_socket(khidma.port, person.token))
        await hear(lines[-1], "AUTHENTICATED")
    code = await closed(lines[0], 5)
    still = [line for line in lines[1:] if line.close_code is None]
    for line in lines:
        await line.close()
    return [] if code == 4408 and len(still) == 10 else [f"the oldest got {code}, {len(still)} others stayed"]


CASES: list[Case] = [
    strange_origins,
    tokens,
    foreign_threads,
    sessions_that_end,
    large_frames,
    nonsense,
    floods,
    eleven_sockets,
]


def tokens_in_logs(run: Run, khidma: Khidma, village: Village) -> None:
    """No token of anybody stands in any log."""
    for log in sorted((khidma.home / "logs").glob("*.log")):
        text = log.read_text(errors="replace")
        if found := next(_within(text, village.issued), None):
            run.violation(f"{log.name} holds a token: {found[:20]}…")


def _within(text: str, tokens: list[str]) -> Iterator[str]:
    return (token for token in tokens if token in text)
