"""Money: whole paise from edge to edge, and the only arithmetic that is done on it."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.core.validators import MaxValueValidator
from django.db import models

Stored = TypeVar("Stored")
Shown = TypeVar("Shown")

CAP_PAISE = 1_000_000_000
"""The most that one amount may be: ₹1 crore."""

BASIS_POINTS = 10_000


class PaiseField(models.BigIntegerField[Stored, Shown]):
    """An amount in paise, stored as a bigint."""

    description = "an amount in paise"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("validators", [MaxValueValidator(CAP_PAISE)])
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("validators", None)
        return name, path, args, kwargs


def divide(numerator: int, denominator: int) -> int:
    """The quotient of two non-negative whole numbers, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def portion(amount: int, basis_points: int) -> int:
    """The share of `amount` paise at a rate in basis points (1/100 of a percent), rounded half up to the paisa."""
    return divide(amount * basis_points, BASIS_POINTS)


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide `amount` paise by weight; the parts add up to it exactly (largest remainder, the earlier part first)."""
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    missing = amount - sum(parts)
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:missing]:
        parts[index] += 1
    return parts


def rupees(amount: int) -> str:
    """Paise as people in India read them: 12345650 → ₹1,23,456.50."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    whole, paise = divmod(amount, 100)
    head, tail = str(whole)[:-3], str(whole)[-3:]
    groups = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)][::-1]
    return f"{sign}₹{','.join([*groups, tail])}.{paise:02d}"
