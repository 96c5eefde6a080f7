"""Production refuses to start on what is only good enough for a laptop, and says which."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

GOOD = {
    "KHIDMA_ENV": "production",
    "KHIDMA_SECRET_KEY": "s" * 50,
    "KHIDMA_TOKEN_KEY": "t" * 50,
    "KHIDMA_OTP_PEPPER": "p" * 50,
    "KHIDMA_FIELD_KEYS": "k1:" + "A" * 43 + "=",
    "KHIDMA_ALLOWED_HOSTS": "khidma.example",
    "DATABASE_URL": "postgres://khidma_app@db.example/khidma",
    "REDIS_URL": "redis://cache.example/0",
    "RAZORPAY_KEY_ID": "rzp_live_12345678901234",
    "RAZORPAY_KEY_SECRET": "r" * 24,
    "RAZORPAY_WEBHOOK_SECRET": "w" * 24,
    "RAZORPAYX_ACCOUNT_NUMBER": "7878780080316316",
}


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **GOOD, **changes}
    return subprocess.run(
        [sys.executable, "-c", "import khidma.settings"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_whole_configuration_starts() -> None:
    outcome = start()
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KHIDMA_SECRET_KEY", ""),
        ("KHIDMA_TOKEN_KEY", "not-a-secret"),
        ("KHIDMA_OTP_PEPPER", "short"),
        ("KHIDMA_FIELD_KEYS", "k0:" + "A" * 43 + "="),
        ("KHIDMA_DEBUG", "on"),
        ("KHIDMA_LIMITS", "off"),
        ("KHIDMA_WAITS", "off"),
        ("RAZORPAY_BASE_URL", "http://127.0.0.1:8001"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", ""),
        ("KHIDMA_ALLOWED_HOSTS", ""),
    ],
)
def test_a_weak_spot_stops_it_by_name(variable: str, value: str) -> None:
    outcome = start(**{variable: value})
    assert outcome.returncode != 0
    assert variable in outcome.stderr
