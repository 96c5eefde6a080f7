"""The environment file: secrets are made once, kept private, and real variables win."""

import base64
import stat
from pathlib import Path

import pytest

from deploy.local import environment, run


def test_what_is_written_is_read_again_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "environment"
    values = environment.make_secrets({"PORT": "8000"})
    environment.write(path, values)
    environment.write(path, values)
    assert environment.read(path) == values
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_secrets_are_made_once() -> None:
    first = environment.make_secrets({})
    assert environment.make_secrets(first) == first
    assert environment.make_secrets({}) != first


def test_the_field_key_is_named_and_has_256_bits() -> None:
    name, _, key = environment.make_secrets({})["KHIDMA_FIELD_KEYS"].partition(":")
    assert name == "k1"
    assert len(base64.b64decode(key, validate=True)) == 32


def test_each_address_has_its_own_role_and_password() -> None:
    values = environment.make_secrets({})
    found = environment.database_addresses(values, 4321)
    assert found["DATABASE_URL"] == f"postgres://khidma_app:{values['KHIDMA_PASSWORD_APP']}@127.0.0.1:4321/khidma"
    assert found["DATABASE_OWNER_URL"].startswith("postgres://khidma_owner:")
    assert found["DATABASE_READONLY_URL"].startswith("postgres://khidma_readonly:")


def test_a_missing_file_says_nothing(tmp_path: Path) -> None:
    assert environment.read(tmp_path / "none") == {}


def test_real_variables_win_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHIDMA_SECRET_KEY", "real")
    assert run.settings(tmp_path, {"KHIDMA_SECRET_KEY": "made"})["KHIDMA_SECRET_KEY"] == "real"


def test_an_empty_variable_is_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHIDMA_SECRET_KEY", "")
    assert run.settings(tmp_path, {"KHIDMA_SECRET_KEY": "made"})["KHIDMA_SECRET_KEY"] == "made"


def test_a_real_database_serves_every_role_that_has_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_OWNER_URL", "DATABASE_READONLY_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://real/khidma")
    found = run.settings(tmp_path, {})
    assert found["DATABASE_OWNER_URL"] == found["DATABASE_READONLY_URL"] == "postgres://real/khidma"


def test_real_keys_go_to_the_real_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAZORPAY_KEY_ID", "RAZORPAY_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert "sandbox" in [one.name for one in run.applications(tmp_path, 8000, {})]
    monkeypatch.setenv("RAZORPAY_KEY_ID", "rzp_test_real")
    assert "sandbox" not in [one.name for one in run.applications(tmp_path, 8000, {})]
    assert run.settings(tmp_path, {})["RAZORPAY_BASE_URL"] == "https://api.razorpay.com"
