"""Cancelling under the policy, and what follows from it for the money, the milestones and the gig."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from accounts.models import User
from gigs import services as gigs
from khidma.kernel.clock import now
from khidma.kernel.errors import KhidmaError
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from orders.events import MilestonesCancelled, OrderCancelled
from orders.models import Cancellation, Order
from orders.policy import Division, may_contest
from orders.runtime import CancellationSettings
from orders.selectors import escrows_of
from orders.services.announcing import facts
from orders.services.dividing import facts_of, keep_parts, pay_uncontested, weigh_now
from orders.services.ending import abandon
from orders.services.milestones.choosing import lock_milestones
from orders.services.milestones.ending import complete_order, drop_unpaid_milestones, end_paid_milestones
from orders.services.paying import take_up
from orders.services.policies import terms_of
from orders.services.quoting import decide_charge, find_quote, require_cancellable, side_of
from orders.states import MILESTONE_ENDED, MilestoneStatus, OrderStatus
from payments import services as payments
from payments.errors import EscrowFunded

log = structlog.get_logger(__name__)


@transaction.atomic
def cancel_order(*, order: Order, actor: User, reason: str, comment: str = "", quote_id: UUID | None = None) -> Order:
    """End an order before anything was submitted; the money goes as the policy says, at once or after the contest.

    In milestones it ends those for which nothing was ever handed in: what was approved stays with the doer, and what
    was handed in waits for its own answer, and the order with it.
    What a live quote for this reason showed is what is charged.
    :raises Invalid: the quote is none of this caller's for this order.
    :raises QuoteChanged: the quote has expired, and cancelling now is worse for the caller.
    :raises WorkAlreadySubmitted, OrderNotInProgress, OrderNotAwaitingPayment: the order is not cancelled any more.
    """
    order = lock(order)
    quote = find_quote(order, actor, quote_id)
    require_cancellable(order)
    side = side_of(order, actor)
    if order.status == OrderStatus.PENDING_PAYMENT and _abandoned(order, actor, side, reason, comment):
        return order
    hold_money(order)
    drop_unpaid_milestones(order, by=actor, role=side, reason=reason)
    division = decide_charge(order, side=side, reason=reason, quote=quote)
    end_by_policy(order, division, by=actor, side=side, reason=reason, comment=comment)
    return order


def _abandoned(order: Order, actor: User, side: str, reason: str, comment: str) -> bool:
    """End an order that waits for its money. False: the money has just come, and the order begins instead."""
    try:
        with transaction.atomic():
            abandon(order, by=actor, role=side, reason=reason, comment=comment)
    except EscrowFunded:
        order.refresh_from_db()
        take_up(order, by=None, role="system")
        require_cancellable(order)
        return False
    division = weigh_now(order, reason=reason, side=side)
    _write_down(order, division, by=actor, side=side, reason=reason, comment=comment)
    return True


def hold_money(order: Order) -> None:
    """Hold the escrows of a locked order, so that nothing comes or goes meanwhile, and take up what has just come."""
    payments.lock_escrows([escrow.reference for escrow in escrows_of([order])[order.pk]])
    take_up(order, by=None, role="system")


def end_by_policy(
    order: Order, division: Division, *, by: User | None, side: str, reason: str, comment: str = ""
) -> None:
    """Cancel a locked, paid order with this division of its money: money, gig and announcement follow."""
    has_begun = _has_begun(order)
    cancellation = _write_down(order, division, by=by, side=side, reason=reason, comment=comment)
    if order.has_milestones:
        end_paid_milestones(order, only=set(division.parts), by=by, role=side, reason=comment or reason)
    is_cancelled = _is_left_with_nothing(order)
    if is_cancelled:
        changes = {"cancelled_at": now(), "cancel_reason": reason}
        advance(order, "cancel", by=by, role=side, reason=comment or reason, changes=changes)
    doer_amount = pay_uncontested(order, division)
    if is_cancelled:
        _let_go(order, has_begun=has_begun, reason=reason)
    event = OrderCancelled if is_cancelled else MilestonesCancelled
    publish(
        event(
            **facts(order),
            reason=reason,
            cancelled_by=side,
            fault=str(division.fault),
            client_refund=division.client_refund,
            doer_amount=doer_amount,
            contested_until=cancellation.due_at,
        )
    )
    if not is_cancelled and all(row.status in MILESTONE_ENDED for row in lock_milestones(order)):
        complete_order(order)


def _is_left_with_nothing(order: Order) -> bool:
    """Whether nothing of the order was approved, or is still to be answered."""
    kept = {MilestoneStatus.APPROVED, MilestoneStatus.FUNDED, MilestoneStatus.SUBMITTED}
    return not any(row.status in kept for row in lock_milestones(order))


def _has_begun(order: Order) -> bool:
    """Whether work was begun on any part of the order; what was handed in was begun."""
    terms = terms_of(order)
    return order.submitted_at is not None or any(found.has_begun(terms) for found in facts_of(order).values())


def _write_down(
    order: Order, division: Division, *, by: User | None, side: str, reason: str, comment: str
) -> Cancellation:
    moment = now()
    until = moment + timedelta(hours=CancellationSettings.load().contest_hours)
    is_contestable = may_contest(side=side, fault=division.fault, kept=division.kept)
    cancellation = Cancellation.objects.create(
        order=order,
        cancelled_by=by,
        side=side,
        reason=reason,
        comment=comment,
        **division.totals,
        due_at=until if division.kept else None,
        contest_until=until if is_contestable else None,
        settled_at=None if division.kept else moment,
    )
    keep_parts(cancellation, division)
    return cancellation


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
