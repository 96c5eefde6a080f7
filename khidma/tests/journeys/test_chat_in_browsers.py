"""Two people chat in two browsers, over the real socket of a real server; one of them loses the line for a while."""

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from accounts.models import User
from khidma.realtime.database import in_database
from messaging.tests.test_outages import Cable
from messaging.tests.test_server import server
from orders.models import Order
from orders.tests.factories import make_order

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
IS_REQUIRED = os.environ.get("BROWSER_TESTS") == "required"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE = (Path(__file__).parent / "phone.js").read_text()
PATIENCE = 15.0
LOST_WITHOUT_A_WORD = 1006
"""What a browser calls a connection that ended, or never began, without a close frame."""

pytestmark = [
    pytest.mark.usefixtures("committed_db"),
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        CHROMIUM is None and not IS_REQUIRED,
        reason="There is no Chromium here (`apt-get install chromium`); with BROWSER_TESTS=required this would fail.",
    ),
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    assert CHROMIUM is not None, "BROWSER_TESTS=required, and there is no Chromium on the PATH."
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class Person:
    """One user in a browser of their own, on a page of ours."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    async def arrive(cls, browser: Browser, address: str, user: User) -> "Person":
        """Log in with a code by SMS and open the socket."""
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{address}/api/docs")
        await page.evaluate(PHONE)
        await page.evaluate("number => phone.logIn(number)", user.phone)
        person = cls(page)
        await person.connect()
        return person

    async def connect(self) -> None:
        await self.page.evaluate("phone.connect()")
        await self.until("phone.isIn")

    async def until(self, holds: str, value: Any = None) -> Any:
        """Look again and again until this holds in the page; what it found. :raises TimeoutError: it never does."""
        async with asyncio.timeout(PATIENCE):  # Playwright's own waiting is forbidden by the page's policy
            while not (found := await self.page.evaluate(holds, value)):
                await asyncio.sleep(0.05)
        return found

    async def send(self, event: str, **data: Any) -> None:
        await self.page.evaluate("([event, data]) => phone.send(event, data)", [event, data])

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        return await self.page.evaluate("([m, p, b]) => phone.call(m, p, b)", [method, path, body])

    async def hear(self, event: str, **wanted: Any) -> dict[str, Any]:
        """The latest frame of this event with this data, once it has come."""
        frame: dict[str, Any] = await self.until("([event, wanted]) => phone.latest(event, wanted)", [event, wanted])
        return frame

    async def write(self, order: Order, text: str) -> str:
        """Send a message; its id, once the server has acknowledged it."""
        await self.send("CHAT_MESSAGE", orderId=str(order.pk), text=text, clientMessageId=text)
        frame = await self.hear("CHAT_MESSAGE", clientMessageId=text)
        return str(frame["data"]["messageId"])

    async def texts(self) -> list[str]:
        """Every message of people, as often and in the order as it was heard."""
        found: list[str] = await self.page.evaluate(
            "phone.heard('CHAT_MESSAGE').filter(f => f.data.kind === 'text').map(f => f.data.text)"
        )
        return found

    async def numbers(self) -> list[int]:
        """The numbers of the stream, as they came."""
        found: list[int] = await self.page.evaluate("phone.frames.filter(f => f.seq).map(f => f.seq)")
        return found


async def test_two_browsers_chat_and_the_one_that_was_cut_off_misses_nothing(tmp_path: Path) -> None:
    order = await in_database(make_order)
    async with server(tmp_path / "log") as running, chromium() as browser:
        cable = Cable(running.address)
        await cable.put_in()
        asha = await Person.arrive(browser, f"http://127.0.0.1:{cable.port}", order.client)
        ravi = await Person.arrive(browser, f"http://127.0.0.1:{running.port}", order.doer)

        for person in (asha, ravi):
            await person.send("SUBSCRIBE_CHAT", orderId=str(order.pk))
            await person.hear("SUBSCRIBED", orderId=str(order.pk))
        await asha.send("TYPING_START", orderId=str(order.pk))
        await ravi.hear("TYPING_START", userId=str(order.client_id))
        await asha.send("TYPING_STOP", orderId=str(order.pk))
        await ravi.hear("TYPING_STOP", userId=str(order.client_id))

        first = await asha.write(order, "Please use green and gold.")
        await ravi.hear("CHAT_MESSAGE", messageId=first)
        await ravi.send("MESSAGE_READ", messageId=first)
        await asha.hear("MESSAGE_READ", messageId=first, readerId=str(order.doer_id))
        second = await ravi.write(order, "With pleasure.")
        await asha.hear("CHAT_MESSAGE", messageId=second)

        await cable.pull()
        assert await asha.until("phone.closed.at(-1)") == LOST_WITHOUT_A_WORD
        missed = ["The first sketch is done.", "It has a cup in it.", "Green, with a golden rim."]
        for text in missed:
            await ravi.write(order, text)
        assert await asha.texts() == ["Please use green and gold.", "With pleasure."]
        await cable.put_in()
        await asha.connect()
        await asha.hear("CHAT_MESSAGE", text=missed[-1])
        last = await asha.write(order, "How beautiful!")
        await ravi.hear("CHAT_MESSAGE", messageId=last)

        said = ["Please use green and gold.", "With pleasure.", *missed, "How beautiful!"]
        for person in (asha, ravi):
            assert await person.texts() == said
            numbers = await person.numbers()
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        conversation = await asha.call("GET", f"/api/conversations/by-order/{order.pk}")
        stored = await ravi.call("GET", f"/api/conversations/{conversation['id']}/messages?limit=100")
        assert [message["text"] for message in reversed(stored) if message["kind"] == "text"] == said
        await cable.pull()


class StrangePage(BaseHTTPRequestHandler):
    """A page of somebody else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A page of somebody else</title>")

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@contextmanager
def strange_site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), StrangePage) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{site.server_port}"
        finally:
            site.shutdown()
            thread.join()


KNOCK = """([address, protocols]) => new Promise(done => {
  const socket = new WebSocket(address, protocols);
  socket.onopen = () => done("open");
  socket.onclose = event => done(event.code);
})"""


async def test_a_page_of_somebody_else_gets_no_socket_and_reads_nothing(tmp_path: Path) -> None:
    order = await in_database(make_order)
    async with server(tmp_path / "log") as running, chromium() as browser:
        asha = await Person.arrive(browser, f"http://127.0.0.1:{running.port}", order.client)
        token = await asha.page.evaluate("phone.token")
        knock = [f"ws://127.0.0.1:{running.port}/ws", ["khidma.v1", f"bearer.{token}"]]
        assert await asha.page.evaluate(KNOCK, knock) == "open"
        with strange_site() as site:
            page = await (await browser.new_context()).new_page()
            await page.goto(site)
            assert await page.evaluate(KNOCK, knock) == LOST_WITHOUT_A_WORD
            reading = "url => fetch(url).then(() => 'read', error => error.name)"
            assert await page.evaluate(reading, f"http://127.0.0.1:{running.port}/api/gigs") == "TypeError"
