"""What operators may set about orders while the system runs."""

from khidma.kernel.runtime import RuntimeSettings, setting

POLICY_VERSION = 1
"""The version of the cancellation policy that new orders are placed under."""


class OrderSettings(RuntimeSettings, category="orders"):
    """Rules of orders; an order keeps those that are frozen with it."""

    commission_bp: int = setting(
        1_000,
        minimum=0,
        maximum=5_000,
        help="Commission on the doer's part, in basis points; frozen with each new order.",
    )
    unpaid_hours: int = setting(24, minimum=1, maximum=168, help="Hours that an order waits for its payment.")
    auto_approve_days: int = setting(
        3, minimum=1, maximum=30, help="Days after which unanswered work counts as approved."
    )
    revisions: int = setting(3, minimum=0, maximum=10, help="Revisions that a client may ask for.")
    start_code_tries: int = setting(5, minimum=1, maximum=10, help="Wrong start codes before the code is locked.")
    start_code_lock_minutes: int = setting(
        15, minimum=1, maximum=1_440, help="Minutes that the start code stays locked."
    )
