"""Ids are UUIDs of version 7."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from khidma.kernel.ids import new_id


def test_an_id_carries_its_version_variant_and_moment() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_ids_differ() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_ids_of_one_process_sort_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)


def test_a_clock_that_is_put_back_does_not_put_ids_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first, present = new_id(), time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: present - 5_000_000_000)
    second = new_id()
    assert first < second
    assert (second.version, second.variant) == (7, "specified in RFC 4122")


def test_threads_share_no_id() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: new_id(), range(8_000)))
    assert len({one.int >> 64 for one in made}) == len(set(made)) == 8_000
