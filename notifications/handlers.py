"""Who is told what when something happens: one small function for a fact and a person.

A handler's transaction holds the streams it pushes to; one that tells several people takes them in the order of their
ids, as every other push does, so that no two handlers wait for each other.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from gigs.events import (
    ApplicationAccepted,
    ApplicationEvent,
    ApplicationLapsed,
    ApplicationRejected,
    ApplicationShortlisted,
    ApplicationSubmitted,
    GigCancelled,
    GigExpired,
)
from khidma.kernel.events import handles
from khidma.kernel.money import rupees
from notifications import services
from notifications.events import PersonTold
from orders.events import (
    CancellationSettled,
    MilestoneApproved,
    MilestoneDropped,
    MilestoneEvent,
    MilestoneOverdue,
    MilestoneRefunded,
    MilestoneRevisionRequested,
    MilestonesFunded,
    MilestoneSubmitted,
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderFunded,
    OrderPlaced,
    OrderRefunded,
    RevisionRequested,
    SilenceNoticed,
    WorkSubmitted,
)
from payments.events import (
    BankAccountAdded,
    BankAccountFailed,
    BankAccountVerified,
    PaymentFailed,
    PayoutFailed,
    PayoutProcessed,
    PayoutRequested,
    PayoutReversed,
    RefundProcessed,
    RefundPromised,
)

EVERYWHERE = ("sms", "email", "push")
SCREEN = ("push",)


def _tell(
    user_id: UUID, kind: str, title: str, body: str, address: str, channels: Iterable[str] = SCREEN, **ids: Any
) -> None:
    data = {name: str(value) for name, value in ids.items()}
    services.tell(user_id=user_id, kind=kind, title=title, body=body, data=data, action_url=address, channels=channels)


def _tell_of_application(
    event: ApplicationEvent, user_id: UUID, kind: str, title: str, body: str, channels: Iterable[str] = SCREEN
) -> None:
    _tell(
        user_id,
        kind,
        title,
        body,
        f"/applications/{event.application_id}",
        channels,
        applicationId=event.application_id,
        gigId=event.gig_id,
    )


def _tell_of_order(
    event: OrderEvent, user_id: UUID, kind: str, title: str, body: str, channels: Iterable[str] = SCREEN
) -> None:
    _tell(user_id, kind, title, body, f"/orders/{event.order_id}", channels, orderId=event.order_id, gigId=event.gig_id)


def _names(event: MilestoneEvent) -> dict[str, str]:
    return {"milestone": event.milestone_title, "title": event.title}


@handles(PersonTold, outbound=True)
def send_out(event: PersonTold, *, event_id: UUID) -> None:
    services.send_out(notification_id=event.notification_id, channels=event.channels)


@handles(ApplicationSubmitted)
def tell_client_of_application(event: ApplicationSubmitted) -> None:
    body = _("%(amount)s for “%(title)s”.") % {"amount": rupees(event.amount), "title": event.title}
    _tell_of_application(event, event.client_id, "new_application", _("New application"), body)


@handles(ApplicationShortlisted)
def tell_doer_of_shortlist(event: ApplicationShortlisted) -> None:
    body = _("You are on the shortlist for “%(title)s”.") % {"title": event.title}
    _tell_of_application(event, event.doer_id, "application_shortlisted", _("You are shortlisted"), body)


@handles(ApplicationAccepted)
def tell_doer_of_acceptance(event: ApplicationAccepted) -> None:
    body = _("You were chosen for “%(title)s”. Begin when the payment is in escrow.") % {"title": event.title}
    _tell_of_application(
        event, event.doer_id, "application_accepted", _("Your application was accepted"), body, EVERYWHERE
    )


@handles(ApplicationRejected)
def tell_doer_of_rejection(event: ApplicationRejected) -> None:
    if event.is_with_gig:
        return
    body = _("“%(title)s” went another way this time.") % {"title": event.title}
    _tell_of_application(event, event.doer_id, "application_rejected", _("Your application was not chosen"), body)


@handles(ApplicationLapsed)
def tell_doer_of_lapse(event: ApplicationLapsed) -> None:
    body = _("The order for “%(title)s” ended before work began.") % {"title": event.title}
    _tell_of_application(event, event.doer_id, "application_lapsed", _("The order did not go ahead"), body)


@handles(GigCancelled)
def tell_applicants_of_cancelled_gig(event: GigCancelled) -> None:
    body = _("“%(title)s” was cancelled by its client.") % {"title": event.title}
    for doer_id in sorted(event.applicant_ids):
        _tell(doer_id, "gig_cancelled", _("A gig was cancelled"), body, f"/gigs/{event.gig_id}", gigId=event.gig_id)


@handles(GigExpired)
def tell_client_of_expired_gig(event: GigExpired) -> None:
    body = _("The deadline of “%(title)s” has passed. Set a new one to open it again.") % {"title": event.title}
    _tell(event.client_id, "gig_expired", _("Your gig has expired"), body, f"/gigs/{event.gig_id}", gigId=event.gig_id)


@handles(OrderPlaced)
def tell_client_to_pay(event: OrderPlaced) -> None:
    body = _("Pay %(amount)s into escrow for “%(title)s”, so that work can begin.") % {
        "amount": rupees(event.amount),
        "title": event.title,
    }
    _tell_of_order(event, event.client_id, "order_placed", _("Your order awaits payment"), body)


@handles(OrderFunded)
def tell_doer_of_funding(event: OrderFunded) -> None:
    body = _("%(amount)s for “%(title)s” is in escrow.") % {"amount": rupees(event.held), "title": event.title}
    _tell_of_order(event, event.doer_id, "order_funded", _("You can begin"), body, EVERYWHERE)


@handles(OrderFunded)
@handles(MilestonesFunded)
def tell_client_of_funding(event: OrderFunded | MilestonesFunded) -> None:
    body = _("We hold %(amount)s for “%(title)s” until you approve the work.") % {
        "amount": rupees(event.held),
        "title": event.title,
    }
    _tell_of_order(event, event.client_id, "payment_received", _("Payment received"), body, ("email", "push"))


@handles(WorkSubmitted)
def tell_client_of_work(event: WorkSubmitted) -> None:
    body = _("The work for “%(title)s” is in. Approve it or ask for changes.") % {"title": event.title}
    _tell_of_order(event, event.client_id, "work_submitted", _("Work was submitted"), body, EVERYWHERE)


@handles(RevisionRequested)
def tell_doer_of_revision(event: RevisionRequested) -> None:
    body = _("The client asks for changes to “%(title)s”.") % {"title": event.title}
    _tell_of_order(event, event.doer_id, "revision_requested", _("Changes were asked for"), body, ("email", "push"))


@handles(MilestonesFunded)
def tell_doer_of_funded_milestones(event: MilestonesFunded) -> None:
    body = _("%(amount)s more for “%(title)s” is in escrow.") % {"amount": rupees(event.held), "title": event.title}
    _tell_of_order(event, event.doer_id, "milestones_funded", _("More milestones are funded"), body, EVERYWHERE)


@handles(MilestoneSubmitted)
def tell_client_of_milestone(event: MilestoneSubmitted) -> None:
    body = _("The work for “%(milestone)s” of “%(title)s” is in. Approve it or ask for changes.") % _names(event)
    _tell_of_order(event, event.client_id, "milestone_submitted", _("Work was submitted"), body, EVERYWHERE)


@handles(MilestoneRevisionRequested)
def tell_doer_of_milestone_revision(event: MilestoneRevisionRequested) -> None:
    body = _("The client asks for changes to “%(milestone)s” of “%(title)s”.") % _names(event)
    _tell_of_order(
        event, event.doer_id, "milestone_revision_requested", _("Changes were asked for"), body, ("email", "push")
    )


@handles(MilestoneApproved)
def tell_doer_of_milestone_pay(event: MilestoneApproved) -> None:
    body = _("“%(milestone)s” of “%(title)s” was approved: %(amount)s for it is in your wallet.") % {
        **_names(event),
        "amount": rupees(event.paid),
    }
    _tell_of_order(event, event.doer_id, "milestone_approved", _("You were paid"), body, EVERYWHERE)


@handles(MilestoneApproved)
def tell_client_of_clock(event: MilestoneApproved) -> None:
    if not event.by_clock:
        return
    body = _("“%(milestone)s” of “%(title)s” was approved, as nobody answered in time.") % _names(event)
    _tell_of_order(event, event.client_id, "milestone_approved", _("Milestone approved"), body, ("email", "push"))


@handles(MilestoneOverdue)
def ask_doer_about_overdue_milestone(event: MilestoneOverdue) -> None:
    body = _("Nothing was handed in for “%(milestone)s” of “%(title)s” yet. Hand it in, or the client is refunded.")
    _tell_of_order(
        event, event.doer_id, "milestone_overdue", _("Your work is overdue"), body % _names(event), EVERYWHERE
    )


@handles(MilestoneRefunded)
def tell_both_of_refunded_milestone(event: MilestoneRefunded) -> None:
    body = _("Nothing was handed in for “%(milestone)s” of “%(title)s”. %(amount)s goes back to the client.") % {
        **_names(event),
        "amount": rupees(event.refunded),
    }
    for user_id in sorted([event.client_id, event.doer_id]):
        _tell_of_order(event, user_id, "milestone_refunded", _("A milestone was refunded"), body, ("email", "push"))


@handles(MilestoneDropped)
def tell_both_of_dropped_milestone(event: MilestoneDropped) -> None:
    body = _("“%(milestone)s” of “%(title)s” was not paid in time and is no longer part of the order.") % _names(event)
    for user_id in sorted([event.client_id, event.doer_id]):
        _tell_of_order(event, user_id, "milestone_dropped", _("A milestone was dropped"), body)


@handles(OrderCompleted)
def tell_doer_of_completion(event: OrderCompleted) -> None:
    body = _("%(amount)s for “%(title)s” is in your wallet.") % {
        "amount": rupees(event.doer_payout),
        "title": event.title,
    }
    _tell_of_order(event, event.doer_id, "order_completed", _("You were paid"), body, EVERYWHERE)


@handles(OrderCompleted)
def tell_client_of_completion(event: OrderCompleted) -> None:
    body = _("“%(title)s” is done and the doer is paid.") % {"title": event.title}
    _tell_of_order(event, event.client_id, "order_completed", _("Order completed"), body, ("email", "push"))


@handles(OrderCancelled)
def tell_both_of_cancellation(event: OrderCancelled) -> None:
    parts = {event.client_id: event.client_refund, event.doer_id: event.doer_amount}
    for user_id in sorted(parts):
        body = _("The order for “%(title)s” was cancelled.") % {"title": event.title}
        if parts[user_id]:
            body += " " + _("You get %(amount)s.") % {"amount": rupees(parts[user_id])}
        if event.contested_until is not None:
            body += " " + _("Until the time to contest is over, a part of the money stays in escrow.")
        _tell_of_order(event, user_id, "order_cancelled", _("Order cancelled"), body, ("email", "push"))


@handles(CancellationSettled)
def tell_both_of_settlement(event: CancellationSettled) -> None:
    parts = {event.client_id: event.refunded, event.doer_id: event.doer_amount}
    for user_id in sorted(parts):
        if parts[user_id]:
            body = _("Nobody contested the cancellation of “%(title)s”. You get %(amount)s.") % {
                "title": event.title,
                "amount": rupees(parts[user_id]),
            }
            _tell_of_order(event, user_id, "cancellation_settled", _("Cancellation settled"), body)


@handles(OrderRefunded)
def tell_doer_of_operators_refund(event: OrderRefunded) -> None:
    body = _("Our team sent %(amount)s of “%(title)s” back to the client; the order goes on with the rest.") % {
        "amount": rupees(event.refunded),
        "title": event.title,
    }
    _tell_of_order(event, event.doer_id, "order_refunded", _("A part was refunded"), body, ("email", "push"))


@handles(SilenceNoticed)
def ask_doer_for_work(event: SilenceNoticed) -> None:
    body = _("Nothing was handed in for “%(title)s”. Submit your work in the next days, or the client is refunded.") % {
        "title": event.title
    }
    _tell_of_order(event, event.doer_id, "work_missing", _("Is your work still coming?"), body, EVERYWHERE)


@handles(SilenceNoticed)
def tell_client_of_silence(event: SilenceNoticed) -> None:
    body = _("We asked the doer of “%(title)s” for the work. If none comes, you get your money back.") % {
        "title": event.title
    }
    _tell_of_order(event, event.client_id, "work_missing", _("No work yet"), body)


@handles(PaymentFailed)
def tell_payer_of_failure(event: PaymentFailed) -> None:
    body = _("Your payment of %(amount)s did not go through. You can try again.") % {"amount": rupees(event.amount)}
    _tell(event.payer_id, "payment_failed", _("Payment failed"), body, "/payments", paymentId=event.payment_id)


@handles(RefundPromised)
def tell_payer_of_refund(event: RefundPromised) -> None:
    body = _("%(amount)s goes back to where you paid it from.") % {"amount": rupees(event.amount)}
    _tell(
        event.payer_id,
        "refund_promised",
        _("A refund is on its way"),
        body,
        "/payments",
        ("email", "push"),
        paymentId=event.payment_id,
    )


@handles(RefundProcessed)
def tell_payer_of_refund_done(event: RefundProcessed) -> None:
    body = _("%(amount)s was refunded. Your bank may need a few days to show it.") % {"amount": rupees(event.amount)}
    _tell(event.payer_id, "refund_processed", _("Refunded"), body, "/payments", paymentId=event.payment_id)


@handles(PayoutRequested)
def tell_doer_of_withdrawal(event: PayoutRequested) -> None:
    body = _("%(amount)s is on its way to your bank.") % {"amount": rupees(event.amount)}
    _tell(
        event.user_id,
        "payout_requested",
        _("Withdrawal started"),
        body,
        "/wallet",
        EVERYWHERE,
        payoutId=event.payout_id,
    )


@handles(PayoutProcessed)
def tell_doer_of_payout(event: PayoutProcessed) -> None:
    body = _("%(amount)s has reached your account ending in %(last4)s.") % {
        "amount": rupees(event.amount),
        "last4": event.bank_last4,
    }
    _tell(
        event.user_id,
        "payout_processed",
        _("Money in your bank"),
        body,
        "/wallet",
        EVERYWHERE,
        payoutId=event.payout_id,
    )


@handles(PayoutFailed)
@handles(PayoutReversed)
def tell_doer_of_returned_payout(event: PayoutFailed | PayoutReversed) -> None:
    body = _("%(amount)s came back and is in your wallet again. Please check your bank account.") % {
        "amount": rupees(event.amount)
    }
    _tell(
        event.user_id,
        "payout_failed",
        _("The bank sent your money back"),
        body,
        "/wallet",
        EVERYWHERE,
        payoutId=event.payout_id,
    )


@handles(BankAccountAdded)
def tell_user_of_new_account(event: BankAccountAdded) -> None:
    body = _("An account ending in %(last4)s was added. If this was not you, contact support at once.") % {
        "last4": event.last4
    }
    _tell(
        event.user_id,
        "bank_account_added",
        _("New bank account"),
        body,
        "/bank-accounts",
        EVERYWHERE,
        bankAccountId=event.bank_account_id,
    )


@handles(BankAccountVerified)
def tell_user_of_verified_account(event: BankAccountVerified) -> None:
    body = _("You can now withdraw to the account ending in %(last4)s.") % {"last4": event.last4}
    _tell(
        event.user_id,
        "bank_account_verified",
        _("Bank account verified"),
        body,
        "/bank-accounts",
        bankAccountId=event.bank_account_id,
    )


@handles(BankAccountFailed)
def tell_user_of_failed_account(event: BankAccountFailed) -> None:
    body = _("The account ending in %(last4)s could not be verified. Please check its details.") % {
        "last4": event.last4
    }
    _tell(
        event.user_id,
        "bank_account_failed",
        _("Bank account not verified"),
        body,
        "/bank-accounts",
        bankAccountId=event.bank_account_id,
    )
