"""What operators may set about trust and safety: the category `trust`."""

from khidma.kernel.runtime import RuntimeSettings, setting


class TrustSettings(RuntimeSettings, category="trust"):
    """How long people wait for a decision, and what lapses weigh."""

    contest_days: int = setting(
        5, minimum=1, maximum=60, help="Days in which an operator decides a contested cancellation."
    )
    contact_details_points: int = setting(
        2, minimum=0, maximum=50, help="Points off the trust score for a message with contact details before payment."
    )
