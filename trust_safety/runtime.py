"""What operators may set about trust and safety: the category `trust`."""

from khidma.kernel.runtime import RuntimeSettings, setting


class TrustSettings(RuntimeSettings, category="trust"):
    """How long people wait for a decision."""

    contest_days: int = setting(
        5, minimum=1, maximum=60, help="Days in which an operator decides a contested cancellation."
    )
