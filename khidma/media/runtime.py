"""Settings of files that operators change while the system runs."""

from khidma.kernel.runtime import RuntimeSettings, setting


class MediaSettings(RuntimeSettings, category="media"):
    """How much room one user has, and how long what nobody attached is kept."""

    quota_megabytes: int = setting(
        1024, minimum=1, maximum=1_000_000, help="Room for the files of one user, in megabytes of 1 048 576 bytes."
    )
    loose_hours: int = setting(
        24, minimum=1, maximum=24 * 30, help="How long a file that is attached to nothing is kept, in hours."
    )
