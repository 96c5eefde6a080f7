"""The file `KHIDMA_HOME/environment`: secrets made once, and the addresses of this run."""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Values = dict[str, str]


def home_folder() -> Path:
    """Where a run keeps everything it writes."""
    return Path(os.environ.get("KHIDMA_HOME") or ROOT / ".khidma").resolve()


def read(path: Path) -> Values:
    """The KEY=value lines of a file; none if there is no file."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {key: value for key, _, value in pairs}


def write(path: Path, values: Mapping[str, str]) -> None:
    """Replace the file in one step; only its owner may read it."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("# Written by `make run`. Real environment variables win over these.\n")
        file.writelines(f"{key}={value}\n" for key, value in sorted(values.items()))
    draft.replace(path)


def make_secrets(known: Mapping[str, str]) -> Values:
    """The known values, with everything that is still missing made at random."""
    made = {
        "KHIDMA_SECRET_KEY": secrets.token_urlsafe(48),
        "KHIDMA_TOKEN_KEY": secrets.token_urlsafe(48),
        "KHIDMA_OTP_PEPPER": secrets.token_urlsafe(32),
        "KHIDMA_FIELD_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "RAZORPAY_KEY_ID": "rzp_test_" + secrets.token_hex(7),
        "RAZORPAY_KEY_SECRET": secrets.token_urlsafe(24),
        "RAZORPAY_WEBHOOK_SECRET": secrets.token_urlsafe(24),
        "RAZORPAYX_ACCOUNT_NUMBER": "23232" + "".join(secrets.choice("0123456789") for _ in range(11)),
        "KHIDMA_PASSWORD_POSTGRES": secrets.token_hex(16),
        "KHIDMA_PASSWORD_OWNER": secrets.token_hex(16),
        "KHIDMA_PASSWORD_APP": secrets.token_hex(16),
        "KHIDMA_PASSWORD_READONLY": secrets.token_hex(16),
        "KHIDMA_PASSWORD_VALKEY": secrets.token_hex(16),
    }
    return {**made, **known}


def database_addresses(values: Mapping[str, str], port: int) -> Values:
    """The addresses of the embedded PostgreSQL on this port, one for each role."""
    roles = {"DATABASE_URL": "app", "DATABASE_OWNER_URL": "owner", "DATABASE_READONLY_URL": "readonly"}
    passwords = {role: values[f"KHIDMA_PASSWORD_{role.upper()}"] for role in roles.values()}
    addresses = {
        name: f"postgres://khidma_{role}:{passwords[role]}@127.0.0.1:{port}/khidma" for name, role in roles.items()
    }
    return {"KHIDMA_POSTGRES_PORT": str(port), **addresses}


def cache_address(values: Mapping[str, str], port: int) -> Values:
    """The address of the embedded Valkey on this port."""
    return {
        "KHIDMA_VALKEY_PORT": str(port),
        "REDIS_URL": f"redis://:{values['KHIDMA_PASSWORD_VALKEY']}@127.0.0.1:{port}/0",
    }
