"""The kinds of notifications in the groups that people choose channels for."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Group(models.TextChoices):
    """What a notification is about. Nobody can turn `security` off, and it waits for no quiet hours to end."""

    APPLICATIONS = "applications", _("gigs and applications")
    ORDER_UPDATES = "order_updates", _("orders")
    PAYMENTS = "payments", _("payments")
    REVIEWS = "reviews", _("reviews")
    MESSAGES = "messages", _("chat messages")
    SECURITY = "security", _("money leaving, bank accounts")
    ACCOUNT = "account", _("everything else")


ALWAYS = frozenset({Group.SECURITY})

KINDS: dict[Group, frozenset[str]] = {
    Group.APPLICATIONS: frozenset(
        {
            "new_application", "application_shortlisted", "application_accepted", "application_rejected",
            "application_lapsed", "gig_cancelled", "gig_expired", "boost_shown", "boost_returned",
        }
    ),
    Group.ORDER_UPDATES: frozenset(
        {
            "order_placed", "order_funded", "work_submitted", "revision_requested", "milestones_funded",
            "milestone_submitted", "milestone_revision_requested", "milestone_approved", "milestone_overdue",
            "milestone_refunded", "milestone_dropped", "order_completed", "order_cancelled", "milestones_cancelled",
            "cancellation_settled", "order_refunded", "work_missing", "contest_opened", "contest_decided",
            "contest_overdue",
        }
    ),
    Group.PAYMENTS: frozenset(
        {
            "payment_received", "payment_failed", "refund_promised", "refund_processed", "chargeback_open",
            "chargeback_under_review", "chargeback_won", "chargeback_lost", "chargeback_closed",
        }
    ),
    Group.REVIEWS: frozenset({"review_received", "review_shown", "review_replied"}),
    Group.MESSAGES: frozenset({"unread_messages"}),
    Group.ACCOUNT: frozenset({"webhook_disabled", "support_unanswered", "file_infected"}),
    Group.SECURITY: frozenset(
        {
            "bank_account_added", "bank_account_verified", "bank_account_failed", "payout_requested", "payout_held",
            "payout_cancelled", "payout_processed", "payout_failed", "auto_payout_put_off", "money_returned",
        }
    ),
}  # fmt: skip

_GROUP_OF = {kind: group for group, kinds in KINDS.items() for kind in kinds}


def group_of(kind: str) -> Group:
    """The group of a kind; `account` for those that stand in none."""
    return _GROUP_OF.get(kind, Group.ACCOUNT)
