"""What was kept of a cancellation: paid when nobody contests it in time, else as an operator judges."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import Forbidden
from khidma.kernel.events import publish
from khidma.kernel.states import lock
from orders.errors import CancellationNotContestable, ContestPeriodOver
from orders.events import CancellationContested, CancellationJudged, CancellationSettled
from orders.models import Cancellation, Order
from orders.policy import Division, Fault, may_contest
from orders.services.announcing import facts
from orders.services.dividing import division_of, pay_kept


@transaction.atomic
def settle_cancellation(*, order_id: UUID) -> bool:
    """Pay out the part that nobody contested in time. False: another caller holds the order, or has done it."""
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk=order_id, cancellation__in=Cancellation.objects.due(Now()))
        .first()
    )
    if order is None:
        return False
    cancellation = lock(order.cancellation)
    if cancellation.is_settled or cancellation.contested_at:  # by a caller who committed between our look and our lock
        return False
    _settle(order, cancellation, division_of(cancellation))
    return True


@transaction.atomic
def contest_cancellation(*, cancellation: Cancellation, actor: User) -> Cancellation:
    """Keep the money where it is until an operator has judged whose fault it was.

    :raises Forbidden: nothing was found that speaks against this side.
    :raises CancellationNotContestable: it speaks against nobody but the one who cancelled, or it was contested before.
    :raises ContestPeriodOver: the time for it has passed.
    """
    order = lock(Order, cancellation.order_id)
    cancellation = lock(cancellation)
    side = may_contest(side=cancellation.side, fault=cancellation.fault, kept=cancellation.kept)
    if not side or cancellation.contested_at is not None:
        raise CancellationNotContestable
    if order.side_of(actor) != side:
        raise Forbidden
    if cancellation.contest_until is None or cancellation.contest_until <= now():
        raise ContestPeriodOver
    cancellation.contested_at = now()
    cancellation.save(update_fields=["contested_at"])
    publish(CancellationContested(**facts(order), contested_by=side))
    return cancellation


@transaction.atomic
def judge_cancellation(*, cancellation: Cancellation, operator: User, fault: str, reason: str) -> Cancellation:
    """Write down whose fault a contested cancellation was, and pay what was kept accordingly, once.

    :raises CancellationNotContestable: nobody contests it, or it was judged before.
    """
    order = lock(Order, cancellation.order_id)
    cancellation = lock(cancellation)
    if cancellation.contested_at is None or cancellation.judged_at is not None:
        raise CancellationNotContestable
    before, division = cancellation.fault, division_of(cancellation)
    cancellation.fault, cancellation.judged_at = fault, now()
    if not cancellation.is_settled:
        _share_anew(cancellation, division)
        _settle(order, cancellation, division)
    cancellation.save(update_fields=["fault", "client_refund", "doer_gross", "judged_at", "settled_at"])
    publish(CancellationJudged(**facts(order), fault=fault, was=before))
    record_act(
        actor_id=operator.pk,
        action="judge_cancellation",
        target_type="cancellation",
        target_id=cancellation.pk,
        reason=reason,
        before={"fault": before},
        after={"fault": fault},
    )
    return cancellation


def _share_anew(cancellation: Cancellation, division: Division) -> None:
    """The sums as they are after the judgement: what was not kept has moved already."""
    paid = sum(part.doer_gross for part in division.parts.values() if not part.kept)
    judged = sum(part.at_stake for part in division.parts.values() if part.kept)
    cancellation.doer_gross = paid + (judged if cancellation.fault == Fault.CLIENT else 0)
    cancellation.client_refund = cancellation.held - cancellation.doer_gross


def _settle(order: Order, cancellation: Cancellation, division: Division) -> None:
    """Pay what was kept by the fault that stands now."""
    paid = pay_kept(division, fault=cancellation.fault)
    cancellation.settled_at = now()
    cancellation.save(update_fields=["settled_at"])
    publish(
        CancellationSettled(
            **facts(order), fault=cancellation.fault, refunded=paid.refunded, doer_amount=paid.doer_amount
        )
    )
