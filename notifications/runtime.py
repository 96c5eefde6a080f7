"""Settings of notifications that operators change while the system runs."""

from khidma.kernel.runtime import RuntimeSettings, setting


class WebhookSettings(RuntimeSettings, category="webhooks"):
    """Who may subscribe to how much, and how long we try."""

    subscriptions_per_user: int = setting(10, minimum=1, maximum=1_000, help="Subscriptions that one user may have.")
    give_up_days: int = setting(3, minimum=1, maximum=14, help="Days after which an event is given up.")
    disable_days: int = setting(
        5, minimum=1, maximum=60, help="Days without any success after which a subscription is disabled."
    )
    old_secret_hours: int = setting(
        24, minimum=0, maximum=168, help="Hours that the old secret signs too after a new one was drawn."
    )
    kept_days: int = setting(30, minimum=7, maximum=365, help="Days that deliveries are kept, and may be sent again.")
    at_once: int = setting(200, minimum=2, maximum=2_000, help="Receivers that one process talks to at the same time.")
