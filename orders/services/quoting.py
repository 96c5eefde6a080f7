"""What cancelling would come to: the quote, and what it binds."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.errors import Invalid
from orders.errors import OrderNotAwaitingPayment, OrderNotInProgress, QuoteChanged, WorkAlreadySubmitted
from orders.models import CancellationQuote, CancelReason, Order
from orders.policy import Division
from orders.runtime import CancellationSettings
from orders.services.dividing import division_of, doers_net, gross_of, keep_parts, open_milestones, weigh_now
from orders.states import OrderStatus


@transaction.atomic
def quote_cancellation(*, order: Order, actor: User, reason: str = CancelReason.OTHER) -> CancellationQuote:
    """What cancelling now for this reason comes to, binding for this caller until it expires.

    :raises WorkAlreadySubmitted, OrderNotInProgress: the order is not cancelled any more.
    """
    require_cancellable(order)
    division = weigh_now(order, reason=reason, side=side_of(order, actor))
    doer_amount = doers_net(gross_of(division))
    quote = CancellationQuote.objects.create(
        order=order,
        asked_by=actor,
        reason=reason,
        **division.totals,
        doer_amount=doer_amount,
        fee=division.doer_gross - doer_amount,
        expires_at=now() + timedelta(minutes=CancellationSettings.load().quote_minutes),
    )
    keep_parts(quote, division)
    return quote


@transaction.atomic
def forget_quotes() -> int:
    """Delete quotes that expired more than a day ago: what was charged stands with the cancellation."""
    expired = CancellationQuote.objects.filter(expires_at__lt=now() - timedelta(days=1))
    _all, by_model = expired.delete()
    return by_model.get(CancellationQuote._meta.label, 0)


def side_of(order: Order, actor: User) -> str:
    return order.side_of(actor) or "operator"


def require_cancellable(order: Order) -> None:
    """:raises WorkAlreadySubmitted: work was handed in, in milestones for every one that has not ended.
    :raises OrderNotInProgress, OrderNotAwaitingPayment: the order has ended, or stands still.
    """
    if order.submitted_at is not None and not order.has_milestones:
        raise WorkAlreadySubmitted(details={"status": order.status})
    if order.status not in {OrderStatus.PENDING_PAYMENT, OrderStatus.IN_PROGRESS}:
        refusal = OrderNotInProgress if order.is_paid_for else OrderNotAwaitingPayment
        raise refusal(details={"status": order.status})
    if order.has_milestones and not open_milestones(order):
        raise WorkAlreadySubmitted(details={"status": order.status})


def find_quote(order: Order, actor: User, quote_id: UUID | None) -> CancellationQuote | None:
    """:raises Invalid: the quote is none of this caller's for this order."""
    if quote_id is None:
        return None
    quote = CancellationQuote.objects.filter(pk=quote_id, order=order, asked_by=actor).first()
    if quote is None:
        raise Invalid(details={"quoteId": [_("There is no such quote.")]})
    return quote


def decide_charge(order: Order, *, side: str, reason: str, quote: CancellationQuote | None) -> Division:
    """What is charged: what a live quote for this reason and this money showed, else what the policy says now.

    :raises QuoteChanged: the quote has expired, and cancelling now is worse for the caller.
    """
    fresh = weigh_now(order, reason=reason, side=side)
    if quote is None:
        return fresh
    quoted = division_of(quote)
    if quote.expires_at > now() and quote.reason == reason and _money(quoted) == _money(fresh):
        return quoted
    if _is_worse(fresh, quote, side):
        raise QuoteChanged(details=_shown(fresh))
    return fresh


def _money(division: Division) -> dict[UUID, int]:
    return {reference: part.held for reference, part in division.parts.items()}


def _is_worse(fresh: Division, quote: CancellationQuote, side: str) -> bool:
    """Less money for the one who cancels, or now the fault as well."""
    was, would_be = (
        (quote.client_refund, fresh.client_refund) if side == "client" else (quote.doer_gross, fresh.doer_gross)
    )
    return would_be < was or (fresh.fault == side and quote.fault != side)


def _shown(division: Division) -> dict[str, Any]:
    doer_amount = doers_net(gross_of(division))
    return {
        "clientRefund": division.client_refund,
        "doerAmount": doer_amount,
        "fee": division.doer_gross - doer_amount,
        "fault": str(division.fault),
    }
