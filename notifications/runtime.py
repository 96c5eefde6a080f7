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


class NotificationSettings(RuntimeSettings, category="notifications"):
    """What goes out, how often, at most."""

    sms_per_user_per_day: int = setting(
        10, minimum=0, maximum=1000, help="Text messages of notifications to one person in one day; codes not counted."
    )
    sms_per_day: int = setting(
        20_000, minimum=0, maximum=100_000_000, help="Text messages of notifications in one day in all."
    )
    digest_minutes: int = setting(
        15, minimum=1, maximum=1440, help="Minutes that a chat message is unread before its receiver is told outside."
    )
    digest_pause_minutes: int = setting(
        60, minimum=1, maximum=1440, help="Minutes before a person is told of unread chat messages again."
    )
