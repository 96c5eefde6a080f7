"""Every way orders says no."""

from django.utils.translation import gettext_lazy as _

from khidma.kernel.errors import Refused, TooMany


class OrderNotAwaitingPayment(Refused):
    """Paying, or ending for want of payment, is only for an order that waits for its money."""

    code = "order_not_awaiting_payment"
    message = _("This order does not wait for a payment.")


class OrderNotInProgress(Refused):
    """Work is submitted while the order is in progress only."""

    code = "order_not_in_progress"
    message = _("This order is not in progress.")


class OrderNotSubmitted(Refused):
    """There is nothing to approve or to send back."""

    code = "order_not_submitted"
    message = _("This order has no submitted work.")


class OrderNotStarted(Refused):
    """On site, work begins with the client's start code; nothing can be submitted before."""

    code = "order_not_started"
    message = _("The work on site has not been started with the client's code.")


class OrderAlreadyStarted(Refused):
    """An order starts once."""

    code = "order_already_started"
    message = _("This order has been started already.")


class OrderNotOnSite(Refused):
    """Only work on site is started with a code."""

    code = "order_not_on_site"
    message = _("Only an order on site is started with a code.")


class StartCodeWrong(Refused):
    """The code is not the client's; `details.triesLeft` says how many tries remain."""

    code = "start_code_wrong"
    message = _("This is not the code that the client sees.")


class StartCodeLocked(TooMany):
    """Too many wrong codes; `retry_after` says when the next try is allowed."""

    code = "start_code_locked"
    message = _("Too many wrong codes. Please wait before you try again.")


class RevisionLimitReached(Refused):
    """The client has asked for as many revisions as the order allows; `details.limit` says how many."""

    code = "revision_limit_reached"
    message = _("All revisions of this order are used up.")


class CancellationNotContestable(Refused):
    """It was never cancelled, speaks against nobody, or was contested or judged before."""

    code = "cancellation_not_contestable"
    message = _("There is nothing to contest here, or it was contested already.")


class ContestPeriodOver(Refused):
    """A cancellation is contested within the hours that the settings give."""

    code = "contest_period_over"
    message = _("The time to contest this cancellation is over.")


class QuoteChanged(Refused):
    """The quote has expired, and cancelling now would be worse for the caller; `details` say what it would be."""

    code = "quote_changed"
    message = _("The terms have changed since you asked. Please look at them again.")


class OrderNotRefundable(Refused):
    """There is no money of this order that could be sent back: not paid, or decided already."""

    code = "order_not_refundable"
    message = _("Nothing of this order can be refunded any more.")


class WorkAlreadySubmitted(Refused):
    """Once anything was submitted, an order ends by approval or by a dispute; in milestones, each by itself."""

    code = "work_already_submitted"
    message = _("Work was submitted already, so this order can no longer be cancelled.")


class MilestoneNotFunded(Refused):
    """Work on a milestone is handed in while its money is in escrow, and not before."""

    code = "milestone_not_funded"
    message = _("This milestone is not funded, or its work is in already.")


class MilestoneNotSubmitted(Refused):
    """There is nothing to approve or to send back for this milestone."""

    code = "milestone_not_submitted"
    message = _("This milestone has no submitted work.")


class MilestoneNotPending(Refused):
    """Only a milestone that was never paid is dropped."""

    code = "milestone_not_pending"
    message = _("This milestone does not wait for its payment.")


class OrderAmountTooSmall(Refused):
    """An order, and each of its milestones, is at least ₹10; `details.minimum` is in paise."""

    code = "order_amount_too_small"
    message = _("An order, and each milestone of one, must be at least ₹10.")


class OrderNotCompleted(Refused):
    """Only a completed order is reviewed."""

    code = "order_not_completed"
    message = _("Only a completed order can be reviewed.")


class ReviewTooLate(Refused):
    """The time to review this order is over."""

    code = "review_too_late"
    message = _("The time to review this order is over.")


class AlreadyReviewed(Refused):
    """Each side speaks once."""

    code = "already_reviewed"
    message = _("You have reviewed this order.")


class AlreadyReplied(Refused):
    """A review is answered once."""

    code = "already_replied"
    message = _("You have answered this review.")
