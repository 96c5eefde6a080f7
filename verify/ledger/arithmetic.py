"""Money as the contract says it, computed here once more: nothing of the product's arithmetic is used."""

GST_BP = 1_800
TDS_BP, TDS_THRESHOLD = 10, 50_000_000
COMMISSION_BP = 1_000
CANCEL_BP = 2_500
SMALLEST = 100


def half_up(dividend: int, divisor: int) -> int:
    """A quotient rounded to the nearest paisa, halves away from zero upwards."""
    whole, rest = divmod(dividend, divisor)
    return whole + (1 if 2 * rest >= divisor else 0)


def share(amount: int, basis_points: int) -> int:
    """So many hundredths of a percent of an amount."""
    return half_up(amount * basis_points, 10_000)


def parts_of(amount: int, weights: list[int]) -> list[int]:
    """The amount divided by weights; what is left over goes to those with the largest remainders, the first first."""
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(amount * weights[at] % total), at))
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def at_stake(held: int, basis_points: int) -> int:
    """The doer's gross part of a cancellation; a rest that the gateway does not send back is the doer's too."""
    part = share(held, basis_points)
    return held if 0 < held - part < SMALLEST else part


def kept_back(held: int, stake: int) -> int:
    """What of a contestable cancellation stays in escrow: the part at stake, in pieces that can be sent."""
    if stake == 0:
        return 0
    kept = stake if stake >= SMALLEST else stake + SMALLEST
    return held if held - kept < SMALLEST else kept
