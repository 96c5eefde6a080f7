"""What operators may set about the chat with support: the category `support`."""

from khidma.kernel.runtime import RuntimeSettings, setting


class SupportSettings(RuntimeSettings, category="support"):
    """How long users wait for a person."""

    answer_minutes: int = setting(
        15,
        minimum=1,
        maximum=1_440,
        help="Minutes without an answer until the user is told and operators are called.",
    )
