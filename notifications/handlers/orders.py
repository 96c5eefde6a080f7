"""Orders and their milestones."""

from khidma.kernel.events import handles
from khidma.kernel.money import rupees
from notifications.handlers.telling import EVERYWHERE, names, tell_of_order
from notifications.sentences import sentence as _
from orders.events import (
    CancellationSettled,
    MilestoneApproved,
    MilestoneDropped,
    MilestoneOverdue,
    MilestoneRefunded,
    MilestoneReleased,
    MilestoneRevisionRequested,
    MilestonesCancelled,
    MilestonesFunded,
    MilestoneSubmitted,
    OrderCancelled,
    OrderCompleted,
    OrderFunded,
    OrderPlaced,
    OrderRefunded,
    RevisionRequested,
    SilenceNoticed,
    WorkSubmitted,
)


@handles(OrderPlaced)
def tell_client_to_pay(event: OrderPlaced) -> None:
    body = _(
        "Pay %(amount)s into escrow for “%(title)s”, so that work can begin.",
        amount=rupees(event.amount),
        title=event.title,
    )
    tell_of_order(event, event.client_id, "order_placed", _("Your order awaits payment"), body)


@handles(OrderFunded)
def tell_doer_of_funding(event: OrderFunded) -> None:
    body = _("%(amount)s for “%(title)s” is in escrow.", amount=rupees(event.held), title=event.title)
    tell_of_order(event, event.doer_id, "order_funded", _("You can begin"), body, EVERYWHERE)


@handles(OrderFunded)
@handles(MilestonesFunded)
def tell_client_of_funding(event: OrderFunded | MilestonesFunded) -> None:
    body = _(
        "We hold %(amount)s for “%(title)s” until you approve the work.", amount=rupees(event.held), title=event.title
    )
    tell_of_order(event, event.client_id, "payment_received", _("Payment received"), body, ("email", "push"))


@handles(WorkSubmitted)
def tell_client_of_work(event: WorkSubmitted) -> None:
    body = _("The work for “%(title)s” is in. Approve it or ask for changes.", title=event.title)
    tell_of_order(event, event.client_id, "work_submitted", _("Work was submitted"), body, EVERYWHERE)


@handles(RevisionRequested)
def tell_doer_of_revision(event: RevisionRequested) -> None:
    body = _("The client asks for changes to “%(title)s”.", title=event.title)
    tell_of_order(event, event.doer_id, "revision_requested", _("Changes were asked for"), body, ("email", "push"))


@handles(MilestonesFunded)
def tell_doer_of_funded_milestones(event: MilestonesFunded) -> None:
    body = _("%(amount)s more for “%(title)s” is in escrow.", amount=rupees(event.held), title=event.title)
    tell_of_order(event, event.doer_id, "milestones_funded", _("More milestones are funded"), body, EVERYWHERE)


@handles(MilestoneSubmitted)
def tell_client_of_milestone(event: MilestoneSubmitted) -> None:
    body = _("The work for “%(milestone)s” of “%(title)s” is in. Approve it or ask for changes.", **names(event))
    tell_of_order(event, event.client_id, "milestone_submitted", _("Work was submitted"), body, EVERYWHERE)


@handles(MilestoneRevisionRequested)
def tell_doer_of_milestone_revision(event: MilestoneRevisionRequested) -> None:
    body = _("The client asks for changes to “%(milestone)s” of “%(title)s”.", **names(event))
    tell_of_order(
        event, event.doer_id, "milestone_revision_requested", _("Changes were asked for"), body, ("email", "push")
    )


@handles(MilestoneApproved)
@handles(MilestoneReleased)
def tell_doer_of_milestone_pay(event: MilestoneApproved | MilestoneReleased) -> None:
    if not event.paid:
        held = _(
            "“%(milestone)s” of “%(title)s” was approved. Its payment waits until a bank has decided about it.",
            **names(event),
        )
        tell_of_order(event, event.doer_id, "milestone_approved", _("Milestone approved"), held, ("email", "push"))
        return
    body = _(
        "“%(milestone)s” of “%(title)s” was approved: %(amount)s for it is in your wallet.",
        **names(event),
        amount=rupees(event.paid),
    )
    tell_of_order(event, event.doer_id, "milestone_approved", _("You were paid"), body, EVERYWHERE)


@handles(MilestoneApproved)
def tell_client_of_clock(event: MilestoneApproved) -> None:
    if not event.by_clock:
        return
    body = _("“%(milestone)s” of “%(title)s” was approved, as nobody answered in time.", **names(event))
    tell_of_order(event, event.client_id, "milestone_approved", _("Milestone approved"), body, ("email", "push"))


@handles(MilestoneOverdue)
def ask_doer_about_overdue_milestone(event: MilestoneOverdue) -> None:
    body = _(
        "Nothing was handed in for “%(milestone)s” of “%(title)s” yet. Hand it in, or the client is refunded.",
        **names(event),
    )
    tell_of_order(event, event.doer_id, "milestone_overdue", _("Your work is overdue"), body, EVERYWHERE)


@handles(MilestoneRefunded)
def tell_both_of_refunded_milestone(event: MilestoneRefunded) -> None:
    body = _(
        "Nothing was handed in for “%(milestone)s” of “%(title)s”. %(amount)s goes back to the client.",
        **names(event),
        amount=rupees(event.refunded),
    )
    for user_id in sorted([event.client_id, event.doer_id]):
        tell_of_order(event, user_id, "milestone_refunded", _("A milestone was refunded"), body, ("email", "push"))


@handles(MilestoneDropped)
def tell_both_of_dropped_milestone(event: MilestoneDropped) -> None:
    body = _("“%(milestone)s” of “%(title)s” was not paid in time and is no longer part of the order.", **names(event))
    for user_id in sorted([event.client_id, event.doer_id]):
        tell_of_order(event, user_id, "milestone_dropped", _("A milestone was dropped"), body)


@handles(OrderCompleted)
def tell_doer_of_completion(event: OrderCompleted) -> None:
    body = _("%(amount)s for “%(title)s” is in your wallet.", amount=rupees(event.doer_payout), title=event.title)
    tell_of_order(event, event.doer_id, "order_completed", _("You were paid"), body, EVERYWHERE)


@handles(OrderCompleted)
def tell_client_of_completion(event: OrderCompleted) -> None:
    body = _("“%(title)s” is done and the doer is paid.", title=event.title)
    tell_of_order(event, event.client_id, "order_completed", _("Order completed"), body, ("email", "push"))


@handles(OrderCancelled)
def tell_both_of_cancellation(event: OrderCancelled) -> None:
    parts = {event.client_id: event.client_refund, event.doer_id: event.doer_amount}
    for user_id in sorted(parts):
        body = [_("The order for “%(title)s” was cancelled.", title=event.title)]
        if parts[user_id]:
            body.append(_("You get %(amount)s.", amount=rupees(parts[user_id])))
        if event.contested_until is not None:
            body.append(_("Until the time to contest is over, a part of the money stays in escrow."))
        tell_of_order(event, user_id, "order_cancelled", _("Order cancelled"), body, ("email", "push"))


@handles(MilestonesCancelled)
def tell_both_of_cancelled_milestones(event: MilestonesCancelled) -> None:
    parts = {event.client_id: event.client_refund, event.doer_id: event.doer_amount}
    for user_id in sorted(parts):
        body = [_("The rest of “%(title)s” was cancelled; work handed in is left as it is.", title=event.title)]
        if parts[user_id]:
            body.append(_("You get %(amount)s.", amount=rupees(parts[user_id])))
        tell_of_order(event, user_id, "milestones_cancelled", _("Milestones cancelled"), body, ("email", "push"))


@handles(CancellationSettled)
def tell_both_of_settlement(event: CancellationSettled) -> None:
    parts = {event.client_id: event.refunded, event.doer_id: event.doer_amount}
    for user_id in sorted(parts):
        if parts[user_id]:
            body = _(
                "The part of “%(title)s” that was kept back is paid out. You get %(amount)s.",
                title=event.title,
                amount=rupees(parts[user_id]),
            )
            tell_of_order(event, user_id, "cancellation_settled", _("Cancellation settled"), body)


@handles(OrderRefunded)
def tell_doer_of_operators_refund(event: OrderRefunded) -> None:
    if event.status in {"completed", "cancelled"}:  # the doer hears of what was taken back
        return
    body = _(
        "Our team sent %(amount)s of “%(title)s” back to the client; the order goes on with the rest.",
        amount=rupees(event.refunded),
        title=event.title,
    )
    tell_of_order(event, event.doer_id, "order_refunded", _("A part was refunded"), body, ("email", "push"))


@handles(SilenceNoticed)
def ask_doer_for_work(event: SilenceNoticed) -> None:
    body = _(
        "Nothing was handed in for “%(title)s”. Submit your work in the next days, or the client is refunded.",
        title=event.title,
    )
    tell_of_order(event, event.doer_id, "work_missing", _("Is your work still coming?"), body, EVERYWHERE)


@handles(SilenceNoticed)
def tell_client_of_silence(event: SilenceNoticed) -> None:
    body = _(
        "We asked the doer of “%(title)s” for the work. If none comes, you get your money back.", title=event.title
    )
    tell_of_order(event, event.client_id, "work_missing", _("No work yet"), body)
