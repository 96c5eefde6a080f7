"""The texts that notifications send by SMS, by kind: a title and one sentence, to be registered with India's registry.

They stand here as well as where they are said, so that operators can print them; a test compares the two.
"""

from django.utils.translation import gettext, override

from accounts.services import CODE_TEXTS

SMS_TEXTS: dict[str, tuple[str, str]] = {
    "application_accepted": (
        "Your application was accepted",
        "You were chosen for “%(title)s”. Begin when the payment is in escrow.",
    ),
    "order_funded": ("You can begin", "%(amount)s for “%(title)s” is in escrow."),
    "work_submitted": ("Work was submitted", "The work for “%(title)s” is in. Approve it or ask for changes."),
    "milestones_funded": ("More milestones are funded", "%(amount)s more for “%(title)s” is in escrow."),
    "milestone_submitted": (
        "Work was submitted",
        "The work for “%(milestone)s” of “%(title)s” is in. Approve it or ask for changes.",
    ),
    "milestone_approved": (
        "You were paid",
        "“%(milestone)s” of “%(title)s” was approved: %(amount)s for it is in your wallet.",
    ),
    "milestone_overdue": (
        "Your work is overdue",
        "Nothing was handed in for “%(milestone)s” of “%(title)s” yet. Hand it in, or the client is refunded.",
    ),
    "order_completed": ("You were paid", "%(amount)s for “%(title)s” is in your wallet."),
    "work_missing": (
        "Is your work still coming?",
        "Nothing was handed in for “%(title)s”. Submit your work in the next days, or the client is refunded.",
    ),
    "money_returned": ("Money was taken back", "%(amount)s that you had been paid goes back to the client."),
    "payout_requested": ("Withdrawal started", "%(amount)s is on its way to your bank."),
    "auto_payout_put_off": (
        "Weekly withdrawal put off",
        "Your weekly withdrawal was not possible: %(reason)s We try again on %(day)s at %(time)s.",
    ),
    "payout_held": (
        "Withdrawal is being checked",
        "We look at your withdrawal of %(amount)s before it goes to your bank.",
    ),
    "payout_cancelled": (
        "Withdrawal cancelled",
        "Your withdrawal of %(amount)s was cancelled before it was sent.",
    ),
    "payout_processed": ("Money in your bank", "%(amount)s has reached your account ending in %(last4)s."),
    "payout_failed": (
        "The bank sent your money back",
        "%(amount)s came back and is in your wallet again. Please check your bank account.",
    ),
    "bank_account_added": (
        "New bank account",
        "An account ending in %(last4)s was added. If this was not you, contact support at once.",
    ),
}

ALL_TEXTS: dict[str, tuple[str, ...]] = {**{name: (text,) for name, text in CODE_TEXTS.items()}, **SMS_TEXTS}
"""These, and the codes of accounts: everything that goes out by SMS."""


def text_of(kind: str, language: str) -> str:
    """The text with its placeholders, such as `%(amount)s`."""
    with override(language):
        return ". ".join(gettext(part) for part in ALL_TEXTS[kind])
