"""What operators may set about the work itself; commission and clocks stand with the settings of payments."""

from khidma.kernel.runtime import RuntimeSettings, setting


class OrderSettings(RuntimeSettings, category="orders"):
    """Rules of the work itself."""

    revisions: int = setting(3, minimum=0, maximum=10, help="Revisions that a client may ask for.")
    milestone_wait_days: int = setting(
        14, minimum=1, maximum=90, help="Days that a milestone waits for its payment once its turn has come."
    )
    overdue_days: int = setting(
        14, minimum=1, maximum=90, help="Days past its date after which the doer of work never handed in is asked."
    )
    overdue_days_undated: int = setting(
        30, minimum=1, maximum=365, help="The same in days after the payment, where there is no date."
    )
    overdue_answer_days: int = setting(
        3, minimum=1, maximum=30, help="Days after that question until the clock refunds."
    )
    start_code_tries: int = setting(5, minimum=1, maximum=10, help="Wrong start codes before the code is locked.")
    start_code_lock_minutes: int = setting(15, minimum=1, maximum=1_440, help="Minutes that the code stays locked.")


class CancellationSettings(RuntimeSettings, category="cancellation"):
    """The cancellation policy. An order keeps the shares and hours of its rows as they were when it was placed."""

    free_hours: int = setting(
        2, minimum=0, maximum=168, help="Hours after the payment in which remote work counts as not begun."
    )
    begun_bp: int = setting(
        2_500, minimum=0, maximum=10_000, help="Doer's share once work has begun, basis points of what is held."
    )
    near_hours: int = setting(2, minimum=0, maximum=168, help="Hours before a start on site that count as near.")
    near_bp: int = setting(
        1_000, minimum=0, maximum=10_000, help="Doer's share when the start on site is near, basis points."
    )
    quote_minutes: int = setting(10, minimum=1, maximum=60, help="Minutes that a quote binds us.")
    contest_hours: int = setting(
        48, minimum=0, maximum=336, help="Hours in which the other side may contest what it is blamed for."
    )


class BoostSettings(RuntimeSettings, category="boosts"):
    """What showing a gig first costs, in paise with the GST inside, and when days are given back."""

    price_1_day: int = setting(4_900, minimum=1_000, maximum=10_000_000, help="Price of one day, paise with GST.")
    price_3_days: int = setting(9_900, minimum=1_000, maximum=10_000_000, help="Price of three days, paise with GST.")
    price_7_days: int = setting(19_900, minimum=1_000, maximum=10_000_000, help="Price of seven days, paise with GST.")
    returns_to_owners: bool = setting(
        False, help="Whether days not shown yet go back as well where the owner gave the gig up."
    )

    def price_of(self, days: int) -> int:
        """The price of so many days, 1, 3 or 7."""
        return {1: self.price_1_day, 3: self.price_3_days, 7: self.price_7_days}[days]


class ReviewSettings(RuntimeSettings, category="reviews"):
    """Rules of what the two sides say of each other."""

    write_within_days: int = setting(
        30, minimum=1, maximum=365, help="Days after completion in which an order may be reviewed."
    )
    show_after_days: int = setting(
        14, minimum=0, maximum=90, help="Days after which a review is shown without the other side's."
    )
