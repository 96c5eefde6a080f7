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
    "KHIDMA_SMS_PROVIDERS": "msg91,twilio",
    "KHIDMA_PUSH_PROVIDER": "fcm",
    "KHIDMA_EMAIL_PROVIDER": "mail",
    "KHIDMA_EMAIL_BACKEND": "anymail.backends.postmark.EmailBackend",
    "KHIDMA_EMAIL_FROM": "no-reply@khidma.example",
    "MSG91_AUTH_KEY": "m" * 24,
    "MSG91_TEMPLATES": '{"login_code.en": "64f0c0ffee"}',
    "TWILIO_ACCOUNT_SID": "AC123",
    "TWILIO_AUTH_TOKEN": "t" * 32,
    "TWILIO_SENDER": "MG123",
    "FCM_CREDENTIALS": '{"project_id": "k", "private_key_id": "1", "private_key": "p", "client_email": "e", '
    '"token_uri": "https://oauth2.googleapis.com/token"}',
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
        ("KHIDMA_NEAR_RECEIVERS", "127.0.0.1:9001"),
        ("RAZORPAY_BASE_URL", "http://127.0.0.1:8001"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", ""),
        ("KHIDMA_ALLOWED_HOSTS", ""),
        ("KHIDMA_SMS_PROVIDERS", ""),
        ("KHIDMA_SMS_PROVIDERS", "msg91,page"),
        ("KHIDMA_PUSH_PROVIDER", "page"),
        ("KHIDMA_EMAIL_PROVIDER", "page"),
        ("KHIDMA_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend"),
        ("KHIDMA_EMAIL_FROM", ""),
        ("MSG91_AUTH_KEY", ""),
        ("MSG91_TEMPLATES", "{}"),
        ("TWILIO_ACCOUNT_SID", ""),
        ("TWILIO_AUTH_TOKEN", ""),
        ("TWILIO_SENDER", ""),
        ("TWILIO_BASE_URL", "http://127.0.0.1:9"),
        ("FCM_CREDENTIALS", "{}"),
    ],
)
def test_a_weak_spot_stops_it_by_name(variable: str, value: str) -> None:
    outcome = start(**{variable: value})
    assert outcome.returncode != 0
    assert variable in outcome.stderr
