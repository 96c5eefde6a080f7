"""How often something in flight is looked at again."""

from datetime import timedelta

from payments.runtime import PaymentSettings

LONGEST = timedelta(hours=6)


def next_look(looks: int) -> timedelta:
    """The pause before the next look, doubling with each look that brought nothing new."""
    first = timedelta(seconds=PaymentSettings.load().look_after_seconds)
    return min(first * (1 << min(looks, 16)), LONGEST)
