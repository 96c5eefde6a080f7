"""Periodic work: streams are kept for seven days or a thousand events, whichever ends first."""

from khidma.kernel.sweeps import sweep
from khidma.realtime import streams


@sweep(every=300)
def trim_streams() -> int:
    """Trim every stream that is due; returns how many events went."""
    return sum(streams.trim(user_id) for user_id in streams.due_for_trimming())
