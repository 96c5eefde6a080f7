"""What the stand-in is told by its environment, and when it refuses to start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOCAL_KEY_ID = "rzp_test_KhidmaStandIn1"
LOCAL_KEY_SECRET = "local_key_secret"  # noqa: S105  (opens nothing but this stand-in)
LOCAL_WEBHOOK_SECRET = "local_webhook_secret"  # noqa: S105
LOCAL_ACCOUNT_NUMBER = "7878780080316316"
CHECKOUT_FOLDER = Path(__file__).resolve().parent.parent


class StartRefused(Exception):
    """The stand-in must not run in this environment."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Keys, addresses and the speed of the webhook clock.

    `webhook_compression` divides Razorpay's retry ladder (seconds between 6 and 82 000) so that it fits a demo.
    `parent` is the process whose end ends the stand-in too.
    """

    key_id: str
    key_secret: str
    webhook_secret: str
    account_number: str
    state: Path
    webhook_url: str
    port: int
    webhook_compression: float = 60.0
    parent: int | None = None


def from_environment(environment: Mapping[str, str] = os.environ) -> Configuration:
    """:raises StartRefused: in production, or with a value that cannot be meant."""
    if environment.get("KHIDMA_ENV") == "production":
        raise StartRefused("The Razorpay stand-in does not run with KHIDMA_ENV=production.")
    web_port = _number(environment, "PORT", 8000)
    home = Path(environment.get("KHIDMA_HOME") or CHECKOUT_FOLDER / ".khidma")
    parent = _number(environment, "KHIDMA_SANDBOX_PARENT", 0)
    return Configuration(
        key_id=environment.get("RAZORPAY_KEY_ID") or LOCAL_KEY_ID,
        key_secret=environment.get("RAZORPAY_KEY_SECRET") or LOCAL_KEY_SECRET,
        webhook_secret=environment.get("RAZORPAY_WEBHOOK_SECRET") or LOCAL_WEBHOOK_SECRET,
        account_number=environment.get("RAZORPAYX_ACCOUNT_NUMBER") or LOCAL_ACCOUNT_NUMBER,
        state=Path(environment.get("KHIDMA_SANDBOX_STATE") or home / "sandbox.sqlite3"),
        webhook_url=environment.get("KHIDMA_SANDBOX_WEBHOOK_URL")
        or f"http://127.0.0.1:{web_port}/api/webhooks/payment",
        port=_number(environment, "SANDBOX_PORT", web_port + 1),
        webhook_compression=float(_number(environment, "KHIDMA_SANDBOX_WEBHOOK_COMPRESSION", 60)) or 1.0,
        parent=parent or None,
    )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdigit():
        raise StartRefused(f"{name} must be a whole number, not {text!r}.")
    return int(text)
