"""What the kernel does by the clock: the outbox."""

from datetime import timedelta

from khidma.kernel import outbox
from khidma.kernel.sweeps import sweep


@sweep(every=5)
def deliver_outbox() -> int:
    """Deliver whatever is due; woken after commits, and by the clock in case the waking was lost."""
    return outbox.deliver_due()


@sweep(every=3600)
def forget_outbox() -> int:
    """Delete what was delivered more than thirty days ago."""
    return outbox.forget(timedelta(days=30))
