"""One stand-in in a thread of this process per test, with the SDK pointed at it and a taker of its webhooks."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from sandbox.app import create_app
from sandbox.configuration import Configuration
from sandbox.testing import free_port
from sandbox.tests.driver import ACCOUNT, KEY_ID, KEY_SECRET, WEBHOOK_SECRET, Gateway
from sandbox.tests.receiver import Receiver, wait_until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def webhook_compression() -> float:
    """How many times faster than the real ones the retries come; a test may say otherwise."""
    return 60.0


@pytest.fixture
def gateway(tmp_path: Path, receiver: Receiver, webhook_compression: float) -> Iterator[Gateway]:
    port = free_port()
    configuration = Configuration(
        key_id=KEY_ID,
        key_secret=KEY_SECRET,
        webhook_secret=WEBHOOK_SECRET,
        account_number=ACCOUNT,
        state=tmp_path / "state.sqlite3",
        webhook_url=receiver.url,
        port=port,
        webhook_compression=webhook_compression,
    )
    options = uvicorn.Config(
        create_app(configuration), host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, what="the stand-in")
        with Gateway(f"http://127.0.0.1:{port}", receiver) as driver:
            yield driver
    finally:
        server.should_exit = True
        thread.join()
