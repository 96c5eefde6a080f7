"""The stand-in as a subprocess for tests and demos: starts, is driven, can be killed and started again."""

import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from sandbox.configuration import LOCAL_ACCOUNT_NUMBER, LOCAL_KEY_ID, LOCAL_KEY_SECRET, LOCAL_WEBHOOK_SECRET

READY_WITHIN, STOPPED_WITHIN = 20.0, 8.0
FOLDER = Path(__file__).resolve().parent.parent


class StandInFailed(Exception):
    """The subprocess did not come up, or answered something unexpected."""


class StandIn:
    """`python -m sandbox` on a free port with its own state file and webhook address; ends with its `with` block.

    `environment` holds more variables for the subprocess. It also ends by itself when this process dies.
    """

    def __init__(
        self,
        *,
        state: Path,
        webhook_url: str,
        port: int | None = None,
        key_id: str = LOCAL_KEY_ID,
        key_secret: str = LOCAL_KEY_SECRET,
        webhook_secret: str = LOCAL_WEBHOOK_SECRET,
        account_number: str = LOCAL_ACCOUNT_NUMBER,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.state = state
        self.key_id, self.key_secret, self.webhook_secret = key_id, key_secret, webhook_secret
        self.account_number = account_number
        self.environment = {
            "KHIDMA_ENV": "test",
            "KHIDMA_SANDBOX_STATE": str(state),
            "KHIDMA_SANDBOX_WEBHOOK_URL": webhook_url,
            "KHIDMA_SANDBOX_PARENT": str(os.getpid()),
            "SANDBOX_PORT": str(self.port),
            "RAZORPAY_KEY_ID": key_id,
            "RAZORPAY_KEY_SECRET": key_secret,
            "RAZORPAY_WEBHOOK_SECRET": webhook_secret,
            "RAZORPAYX_ACCOUNT_NUMBER": account_number,
            **(environment or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(base_url=self.url, timeout=10, trust_env=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.client.close()

    def start(self) -> None:
        """Start it (again) on the same port and state, and wait until it answers."""
        if self.process is not None:
            return
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox"],
            cwd=FOLDER,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + READY_WITHIN
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                raise StandInFailed("The stand-in ended before it was ready.")
            try:
                if self.client.get("/_sandbox/health").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise StandInFailed(f"The stand-in did not answer within {READY_WITHIN} s.")

    def stop(self) -> None:
        """End it in good order."""
        self._end(lambda process: process.terminate())

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(lambda process: process.kill())

    def _end(self, how: Any) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        how(process)
        try:
            process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call a path under `/_sandbox`. :raises StandInFailed: it refuses, and says why."""
        response = self.client.request(method, f"/_sandbox{path}", json=body)
        if not response.is_success:
            raise StandInFailed(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()

    def pay(self, order_id: str, **options: Any) -> dict[str, Any]:
        """A customer's try to pay; options as in the contract (`outcome`, `method`, `authoriseAfterMs` …)."""
        return dict(self.control("POST", f"/orders/{order_id}/pay", options))

    def settle_payout(self, payout_id: str, outcome: str, **options: Any) -> dict[str, Any]:
        return dict(self.control("POST", f"/payouts/{payout_id}/settle", {"outcome": outcome, **options}))

    def settle_refund(self, refund_id: str, outcome: str) -> dict[str, Any]:
        return dict(self.control("POST", f"/refunds/{refund_id}/settle", {"outcome": outcome}))

    def settle_validation(self, validation_id: str, outcome: str, **options: Any) -> dict[str, Any]:
        return dict(self.control("POST", f"/validations/{validation_id}/settle", {"outcome": outcome, **options}))

    def faults(self, wanted: list[dict[str, Any]]) -> None:
        """Add to the faults that strike next."""
        self.control("POST", "/faults", wanted)

    def clear_faults(self) -> None:
        self.control("DELETE", "/faults")

    def set_balances(self, **balances: int) -> dict[str, int]:
        return dict(self.control("POST", "/balances", balances))

    def shift_clock(self, seconds: int) -> None:
        self.control("POST", "/clock", {"shiftSeconds": seconds})

    def set_pace(self, **milliseconds: int | str) -> None:
        """`payoutAfterMs`, `validationAfterMs`, `refundAfterMs`; `by_hand` for never."""
        self.control("POST", "/pace", milliseconds)

    def reset(self) -> None:
        """As new, started if it is not, for the next test."""
        self.start()
        self.control("POST", "/reset")

    def webhooks(self) -> list[dict[str, Any]]:
        """Every webhook, newest first, with its state."""
        return list(self.control("GET", "/webhooks")["items"])

    def ledger(self) -> dict[str, Any]:
        """The stand-in's own book: every rupee in and out."""
        return dict(self.control("GET", "/ledger"))


def free_port() -> int:
    """A port that nobody listens on now, outside the range that outgoing connections take."""
    for _ in range(200):
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise StandInFailed("No free port found.")
