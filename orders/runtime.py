"""What operators may set about the work itself; commission and clocks stand with the settings of payments."""

from khidma.kernel.runtime import RuntimeSettings, setting

POLICY_VERSION = 1
"""The version of the cancellation policy that new orders are placed under."""


class OrderSettings(RuntimeSettings, category="orders"):
    """Rules of the work itself."""

    revisions: int = setting(3, minimum=0, maximum=10, help="Revisions that a client may ask for.")
    milestone_wait_days: int = setting(
        14, minimum=1, maximum=90, help="Days that a milestone waits for its payment once its turn has come."
    )
    overdue_days: int = setting(
        14, minimum=1, maximum=90, help="Days past its date after which the doer of work never handed in is asked."
    )
    overdue_answer_days: int = setting(
        3, minimum=1, maximum=30, help="Days after that question until the clock refunds."
    )
    start_code_tries: int = setting(5, minimum=1, maximum=10, help="Wrong start codes before the code is locked.")
    start_code_lock_minutes: int = setting(15, minimum=1, maximum=1_440, help="Minutes that the code stays locked.")
