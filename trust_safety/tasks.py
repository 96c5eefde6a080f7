"""The clock of trust and safety: what waits too long for a decision."""

from khidma.kernel.sweeps import sweep
from trust_safety import selectors, services


@sweep(every=300)
def note_overdue_contests() -> int:
    """Tell operators of contests that nobody decided in time; how many."""
    return sum(services.note_overdue_contest(contest_id=key) for key in selectors.list_overdue_contests())
