"""Ids are UUIDs of version 7."""

import time

from khidma.kernel.ids import new_id


def test_an_id_carries_its_version_variant_and_moment() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_ids_differ() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000
