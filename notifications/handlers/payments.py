"""Payments, refunds, withdrawals and bank accounts."""

from django.utils import timezone

from khidma.kernel.clock import now
from khidma.kernel.errors import catalogue
from khidma.kernel.events import handles
from khidma.kernel.money import rupees
from notifications.handlers.telling import EVERYWHERE, tell
from notifications.sentences import in_words
from notifications.sentences import sentence as _
from payments.events import (
    AutoPayoutPutOff,
    BankAccountAdded,
    BankAccountFailed,
    BankAccountVerified,
    PaymentFailed,
    PayoutCancelled,
    PayoutFailed,
    PayoutHeld,
    PayoutProcessed,
    PayoutRequested,
    PayoutReversed,
    RefundProcessed,
    RefundPromised,
)


@handles(PaymentFailed)
def tell_payer_of_failure(event: PaymentFailed) -> None:
    body = _("Your payment of %(amount)s did not go through. You can try again.", amount=rupees(event.amount))
    tell(event.payer_id, "payment_failed", _("Payment failed"), body, "/payments", paymentId=event.payment_id)


@handles(RefundPromised)
def tell_payer_of_refund(event: RefundPromised) -> None:
    body = _("%(amount)s goes back to where you paid it from.", amount=rupees(event.amount))
    tell(
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
    body = _("%(amount)s was refunded. Your bank may need a few days to show it.", amount=rupees(event.amount))
    tell(event.payer_id, "refund_processed", _("Refunded"), body, "/payments", paymentId=event.payment_id)


@handles(PayoutRequested)
def tell_doer_of_withdrawal(event: PayoutRequested) -> None:
    body = _("%(amount)s is on its way to your bank.", amount=rupees(event.amount))
    tell(
        event.user_id,
        "payout_requested",
        _("Withdrawal started"),
        body,
        "/wallet",
        EVERYWHERE,
        payoutId=event.payout_id,
    )


@handles(AutoPayoutPutOff)
def tell_doer_of_weekly_withdrawal(event: AutoPayoutPutOff) -> None:
    next_at = timezone.localtime(event.next_at, timezone.get_default_timezone())
    body = _(
        "Your weekly withdrawal was not possible: %(reason)s We try again on %(day)s at %(time)s.",
        reason=catalogue()[event.code].message,
        day=in_words(next_at, "j F"),
        time=in_words(next_at, "H:i"),
    )
    tell(event.user_id, "auto_payout_put_off", _("Weekly withdrawal put off"), body, "/wallet", EVERYWHERE)


@handles(PayoutHeld)
def tell_doer_of_held_withdrawal(event: PayoutHeld) -> None:
    body = _("We look at your withdrawal of %(amount)s before it goes to your bank.", amount=rupees(event.amount))
    tell(
        event.user_id,
        "payout_held",
        _("Withdrawal is being checked"),
        body,
        "/wallet",
        EVERYWHERE,
        payoutId=event.payout_id,
    )


@handles(PayoutCancelled)
def tell_doer_of_cancelled_withdrawal(event: PayoutCancelled) -> None:
    body = _("Your withdrawal of %(amount)s was cancelled before it was sent.", amount=rupees(event.amount))
    tell(
        event.user_id,
        "payout_cancelled",
        _("Withdrawal cancelled"),
        body,
        "/wallet",
        EVERYWHERE,
        payoutId=event.payout_id,
    )


@handles(PayoutProcessed)
def tell_doer_of_payout(event: PayoutProcessed) -> None:
    body = _(
        "%(amount)s has reached your account ending in %(last4)s.", amount=rupees(event.amount), last4=event.bank_last4
    )
    tell(
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
    body = _(
        "%(amount)s came back and is in your wallet again. Please check your bank account.", amount=rupees(event.amount)
    )
    tell(
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
    body = _(
        "An account ending in %(last4)s was added. If this was not you, contact support at once.", last4=event.last4
    )
    tell(
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
    last4 = {"last4": event.last4}
    if event.opens_at is not None and event.opens_at > now():
        opens_at = timezone.localtime(event.opens_at, timezone.get_default_timezone())
        body = _(
            "Withdrawals to the account ending in %(last4)s open on %(day)s at %(time)s.",
            **last4,
            day=in_words(opens_at, "j F"),
            time=in_words(opens_at, "H:i"),
        )
    else:
        body = _("You can now withdraw to the account ending in %(last4)s.", **last4)
    tell(
        event.user_id,
        "bank_account_verified",
        _("Bank account verified"),
        body,
        "/bank-accounts",
        bankAccountId=event.bank_account_id,
    )


@handles(BankAccountFailed)
def tell_user_of_failed_account(event: BankAccountFailed) -> None:
    body = _("The account ending in %(last4)s could not be verified. Please check its details.", last4=event.last4)
    tell(
        event.user_id,
        "bank_account_failed",
        _("Bank account not verified"),
        body,
        "/bank-accounts",
        bankAccountId=event.bank_account_id,
    )
