"""Money is whole paise, and its parts add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khidma.kernel.money import portion, rupees, split


@pytest.mark.parametrize(
    ("amount", "basis_points", "expected"),
    [(100_00, 1000, 10_00), (5, 1000, 1), (4, 1000, 0), (15, 1000, 2), (333, 1800, 60), (1_000_000_000, 10, 1_000_000)],
)
def test_a_rate_is_rounded_half_up(amount: int, basis_points: int, expected: int) -> None:
    assert portion(amount, basis_points) == expected


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
def test_parts_add_up_and_none_is_a_paisa_off(amount: int, weights: list[int]) -> None:
    parts = split(amount, weights)
    assert sum(parts) == amount
    assert all(abs(part - amount * weight / sum(weights)) < 1 for part, weight in zip(parts, weights, strict=True))


def test_a_hundred_in_three_gives_the_odd_paisa_to_the_first() -> None:
    assert split(10_000, [1, 1, 1]) == [3334, 3333, 3333]


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "₹0.00"),
        (5, "₹0.05"),
        (123_45, "₹123.45"),
        (1_234_50, "₹1,234.50"),
        (1_23_456_50, "₹1,23,456.50"),
        (-1_00_00_000_00, "-₹1,00,00,000.00"),
    ],
)
def test_rupees_are_grouped_as_in_india(amount: int, shown: str) -> None:
    assert rupees(amount) == shown
