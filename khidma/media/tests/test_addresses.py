"""Signed addresses: for how long, and for what."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from khidma.media.addresses import is_good, signed_address

FILE = uuid4()
SHOWN = datetime(2026, 1, 1, 12, 0, 59, tzinfo=UTC)


def parts() -> dict[str, Any]:
    signed = parse_qs(urlsplit(signed_address(FILE, at=SHOWN)).query)
    return {"expires": int(signed["expires"][0]), "signature": signed["signature"][0]}


@pytest.mark.parametrize(("minutes", "good"), [(0, True), (9, True), (10, False), (60, False)])
def test_an_address_lives_for_nine_to_ten_minutes(minutes: int, good: bool) -> None:
    assert is_good(FILE, **parts(), at=SHOWN + timedelta(minutes=minutes)) is good


def test_an_address_is_of_one_file_and_one_moment() -> None:
    signed = parts()
    assert not is_good(uuid4(), **signed, at=SHOWN)
    assert not is_good(FILE, expires=signed["expires"] + 60, signature=signed["signature"], at=SHOWN)
    assert not is_good(FILE, expires=signed["expires"], signature="", at=SHOWN)


def test_what_shows_an_address_twice_in_a_minute_shows_the_same() -> None:
    first, again, later = (signed_address(UUID(int=1), at=SHOWN - timedelta(seconds=s)) for s in (0, 59, 60))
    assert first == again != later
