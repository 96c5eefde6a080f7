"""The clock of messaging: questions to support that nobody answered in time."""

from khidma.kernel.sweeps import sweep
from messaging import selectors, services


@sweep(every=30)
def notice_unanswered_questions() -> int:
    """Tell users and operators of questions that wait too long; how many."""
    return sum(services.notice_unanswered(wait_id=key) for key in selectors.list_unanswered())
