"""Cancelling under the policy: the quote, what it binds, and the money that follows from it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from gigs import services as gigs
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import Invalid, KhidmaError
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from orders.errors import (
    OrderNotAwaitingPayment,
    OrderNotInProgress,
    PaidOrderNotCancellable,
    QuoteChanged,
    WorkAlreadySubmitted,
)
from orders.events import CancellationSettled, OrderCancelled
from orders.models import Cancellation, CancellationQuote, CancelReason, Order
from orders.policy import Facts, Outcome, weigh
from orders.runtime import CancellationSettings
from orders.selectors import escrows_of, quote_part
from orders.services.announcing import facts
from orders.services.ending import abandon
from orders.services.paying import take_up
from orders.services.policies import terms_of
from orders.states import OrderStatus
from payments import services as payments
from payments.errors import EscrowFunded

log = structlog.get_logger(__name__)


@transaction.atomic
def quote_cancellation(*, order: Order, actor: User, reason: str = CancelReason.OTHER) -> CancellationQuote:
    """What cancelling now for this reason comes to, binding for this caller until it expires.

    :raises WorkAlreadySubmitted, OrderNotInProgress: the order is not cancelled any more.
    """
    _require_cancellable(order)
    outcome = _weigh_now(order, reason=reason, side=_side_of(order, actor))
    shares = quote_part(order, outcome.doer_gross)
    return CancellationQuote.objects.create(
        order=order,
        asked_by=actor,
        reason=reason,
        **vars(outcome),
        doer_amount=shares.payee_net,
        fee=outcome.doer_gross - shares.payee_net,
        expires_at=now() + timedelta(minutes=CancellationSettings.load().quote_minutes),
    )


@transaction.atomic
def cancel_order(*, order: Order, actor: User, reason: str, comment: str = "", quote_id: UUID | None = None) -> Order:
    """End an order before anything was submitted; the money goes as the policy says, at once or after the contest.

    What a live quote for this reason showed is what is charged.
    :raises Invalid: the quote is none of this caller's for this order.
    :raises QuoteChanged: the quote has expired, and cancelling now is worse for the caller.
    :raises WorkAlreadySubmitted, OrderNotInProgress, OrderNotAwaitingPayment: the order is not cancelled any more.
    """
    order = lock(order)
    quote = _find_quote(order, actor, quote_id)
    _require_cancellable(order)
    side = _side_of(order, actor)
    if order.status == OrderStatus.PENDING_PAYMENT and _abandoned(order, actor, side, reason, comment):
        return order
    outcome = _decide(order, side=side, reason=reason, quote=quote)
    end_by_policy(order, outcome, by=actor, side=side, reason=reason, comment=comment)
    return order


@transaction.atomic
def settle_cancellation(*, order_id: UUID) -> bool:
    """Pay out the part that nobody contested in time. False: another caller holds the order, or has done it."""
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk=order_id, cancellation__due_at__lte=Now(), cancellation__settled_at=None)
        .first()
    )
    if order is None:
        return False
    cancellation = lock(order.cancellation)
    if cancellation.settled_at is not None:  # by a caller who committed between our look and our lock
        return False
    settlement = payments.settle_escrow(
        reference=order.pk, payee_gross=cancellation.doer_gross, reason=f"cancelled: {cancellation.row}"
    )
    cancellation.settled_at = now()
    cancellation.save(update_fields=["settled_at"])
    publish(
        CancellationSettled(
            **facts(order),
            fault=cancellation.fault,
            refunded=settlement.refunded,
            doer_amount=settlement.payee_net,
        )
    )
    return True


@transaction.atomic
def forget_quotes() -> int:
    """Delete quotes that expired more than a day ago: what was charged stands with the cancellation."""
    deleted, _by_model = CancellationQuote.objects.filter(expires_at__lt=now() - timedelta(days=1)).delete()
    return deleted


def facts_of(order: Order) -> Facts:
    """What the policy looks at, now."""
    return Facts(
        is_on_site=order.is_on_site,
        held=sum(escrow.held for escrow in escrows_of([order])[order.pk]),
        funded_at=order.funded_at,
        started_at=order.started_at,
        due_at=order.due_at,
        scheduled_at=order.scheduled_at,
        moment=now(),
    )


def _side_of(order: Order, actor: User) -> str:
    return order.side_of(actor) or "operator"


def _weigh_now(order: Order, *, reason: str, side: str) -> Outcome:
    return weigh(terms=terms_of(order), facts=facts_of(order), reason=reason, side=side)


def _require_cancellable(order: Order) -> None:
    if order.submitted_at is not None:
        raise WorkAlreadySubmitted(details={"status": order.status})
    if order.status not in {OrderStatus.PENDING_PAYMENT, OrderStatus.IN_PROGRESS}:
        refusal = OrderNotInProgress if order.is_paid_for else OrderNotAwaitingPayment
        raise refusal(details={"status": order.status})
    if order.is_paid_for and order.has_milestones:
        raise PaidOrderNotCancellable


def _find_quote(order: Order, actor: User, quote_id: UUID | None) -> CancellationQuote | None:
    if quote_id is None:
        return None
    quote = CancellationQuote.objects.filter(pk=quote_id, order=order, asked_by=actor).first()
    if quote is None:
        raise Invalid(details={"quoteId": [_("There is no such quote.")]})
    return quote


def _abandoned(order: Order, actor: User, side: str, reason: str, comment: str) -> bool:
    """End an order that waits for its money. False: the money has just come, and the order begins instead."""
    try:
        with transaction.atomic():
            abandon(order, by=actor, role=side, reason=reason, comment=comment)
    except EscrowFunded:
        order.refresh_from_db()
        take_up(order, by=None, role="system")
        _require_cancellable(order)
        return False
    outcome = _weigh_now(order, reason=reason, side=side)
    _write_down(order, outcome, by=actor, side=side, reason=reason, comment=comment)
    return True


def _decide(order: Order, *, side: str, reason: str, quote: CancellationQuote | None) -> Outcome:
    """What is charged: what a live quote for this reason and this money showed, else what the policy says now."""
    fresh = _weigh_now(order, reason=reason, side=side)
    if quote is None:
        return fresh
    if quote.expires_at > now() and (quote.reason, quote.held) == (reason, fresh.held):
        return _outcome_of(quote)
    if _is_worse(fresh, quote, side):
        raise QuoteChanged(details=_shown(order, fresh))
    return fresh


def _outcome_of(quote: CancellationQuote) -> Outcome:
    names = Outcome.__dataclass_fields__
    return Outcome(**{name: getattr(quote, name) for name in names})


def _is_worse(fresh: Outcome, quote: CancellationQuote, side: str) -> bool:
    """Less money for the one who cancels, or now the fault as well."""
    was, would_be = (
        (quote.client_refund, fresh.client_refund) if side == "client" else (quote.doer_gross, fresh.doer_gross)
    )
    return would_be < was or (fresh.fault == side and quote.fault != side)


def _shown(order: Order, outcome: Outcome) -> dict[str, Any]:
    shares = quote_part(order, outcome.doer_gross)
    return {
        "clientRefund": outcome.client_refund,
        "doerAmount": shares.payee_net,
        "fee": outcome.doer_gross - shares.payee_net,
        "fault": str(outcome.fault),
    }


def end_by_policy(
    order: Order, outcome: Outcome, *, by: User | None, side: str, reason: str, comment: str = ""
) -> None:
    """Cancel a locked, paid order with this outcome: money, gig and announcement follow."""
    has_begun = facts_of(order).has_begun(terms_of(order))
    changes = {"cancelled_at": now(), "cancel_reason": reason}
    advance(order, "cancel", by=by, role=side, reason=comment or reason, changes=changes)
    cancellation = _write_down(order, outcome, by=by, side=side, reason=reason, comment=comment)
    doer_amount = _pay(order, outcome)
    _let_go(order, has_begun=has_begun, reason=reason)
    publish(
        OrderCancelled(
            **facts(order),
            reason=reason,
            cancelled_by=side,
            fault=str(outcome.fault),
            client_refund=outcome.client_refund,
            doer_amount=doer_amount,
            contested_until=cancellation.due_at,
        )
    )


def _write_down(
    order: Order, outcome: Outcome, *, by: User | None, side: str, reason: str, comment: str
) -> Cancellation:
    moment = now()
    hours = CancellationSettings.load().contest_hours
    return Cancellation.objects.create(
        order=order,
        cancelled_by=by,
        side=side,
        reason=reason,
        comment=comment,
        **vars(outcome),
        due_at=moment + timedelta(hours=hours) if outcome.kept else None,
        settled_at=None if outcome.kept else moment,
    )


def _pay(order: Order, outcome: Outcome) -> int:
    """Move the money that nobody can contest; what the doer gets in the end, net, in paise."""
    if not outcome.kept:
        reason = f"cancelled: {outcome.row}"
        return payments.settle_escrow(reference=order.pk, payee_gross=outcome.doer_gross, reason=reason).payee_net
    if outcome.held > outcome.kept:
        payments.refund_part(reference=order.pk, amount=outcome.held - outcome.kept)
    return quote_part(order, outcome.doer_gross).payee_net


def _let_go(order: Order, *, has_begun: bool, reason: str) -> None:
    """The gig is open again, or ends with the work that had begun."""
    if has_begun:
        _try(order, "cancel_gig", lambda: gigs.cancel_worked_gig(gig_id=order.gig_id, reason=reason))
    else:
        _try(
            order,
            "release_gig",
            lambda: gigs.release_gig(gig_id=order.gig_id, application_id=order.application_id, reason=reason),
        )


def _try(order: Order, name: str, consequence: Callable[[], object]) -> None:
    """A consequence that cannot be carried out never blocks the cancellation itself: it is undone alone, and logged."""
    try:
        with transaction.atomic():
            consequence()
    except (KhidmaError, IntegrityError) as error:
        log.error("cancellation_consequence_failed", order_id=str(order.pk), consequence=name, error=str(error))
