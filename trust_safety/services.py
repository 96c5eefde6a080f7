"""Every write of trust and safety, one function per use case."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from accounts.models import User
from accounts.services import lower_trust_score
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock, record_change
from khidma.media.services import attach, check_files
from orders import services as orders
from orders.errors import CancellationNotContestable
from orders.models import Cancellation, Order
from trust_safety.errors import ContestAlreadyDecided, ContestOfOneself
from trust_safety.events import ContestDecided, ContestOpened, ContestOverdue
from trust_safety.models import Contest, Lapse, LapseKind
from trust_safety.runtime import TrustSettings
from trust_safety.selectors import cancellation_of
from trust_safety.states import ContestStatus

log = structlog.get_logger(__name__)


@transaction.atomic
def contest_cancellation(*, order: Order, party: User, reason: str, attachments: Sequence[UUID] = ()) -> Contest:
    """Ask an operator to look at whose fault a cancellation was; what was kept stays in escrow until then.

    :raises Invalid: a file is not the party's.
    :raises CancellationNotContestable: it was not cancelled, speaks against nobody, or was contested before.
    :raises Forbidden: it does not speak against this side.
    :raises ContestPeriodOver: it is too late.
    """
    check_files(owner=party, files=attachments)
    cancellation = cancellation_of(order)
    if cancellation is None:
        raise CancellationNotContestable
    cancellation = orders.contest_cancellation(cancellation=cancellation, actor=party)
    contest = Contest.objects.create(
        cancellation=cancellation,
        raised_by=party,
        reason=reason,
        found=cancellation.fault,
        decide_by=now() + timedelta(days=TrustSettings.load().contest_days),
    )
    attach(owner=party, thing="contest", thing_id=contest.pk, files=attachments)
    record_change(contest, action="open", by=party, role=order.side_of(party) or "")
    publish(ContestOpened(**_facts(contest), raised_by=party.pk, decide_by=contest.decide_by))
    return contest


@transaction.atomic
def decide_contest(*, cancellation: Cancellation, operator: User, fault: str, reason: str) -> Contest:
    """Decide whose fault a contested cancellation was, once; what was kept is paid accordingly.

    :raises ContestAlreadyDecided: nobody contests it, or somebody has decided.
    :raises ContestOfOneself: the operator is a party of the order.
    """
    order = lock(Order, cancellation.order_id)
    contest = Contest.objects.select_for_update(of=("self",), no_key=True).filter(cancellation=cancellation).first()
    if contest is None:
        raise ContestAlreadyDecided
    if order.side_of(operator) is not None:
        raise ContestOfOneself
    changes = {"fault": fault, "decision_reason": reason, "decided_by": operator, "decided_at": now()}
    action = "uphold" if fault == contest.found else "overturn"
    advance(contest, action, by=operator, role="operator", reason=reason, changes=changes)
    orders.judge_cancellation(cancellation=cancellation, operator=operator, fault=fault, reason=reason)
    publish(
        ContestDecided(
            **_facts(contest), fault=fault, is_overturned=contest.status == ContestStatus.OVERTURNED, reason=reason
        )
    )
    return contest


@transaction.atomic
def note_overdue_contest(*, contest_id: UUID) -> bool:
    """Tell of a contest that nobody decided in time, once. False: decided meanwhile, told, or in another's hands."""
    contest = (
        Contest.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk=contest_id, status=ContestStatus.OPEN, decide_by__lte=Now(), overdue_at=None)
        .first()
    )
    if contest is None:
        return False
    contest.overdue_at = now()
    contest.save(update_fields=["overdue_at"])
    log.error("contest_overdue", contest_id=str(contest.pk), cancellation_id=str(contest.cancellation_id))
    publish(ContestOverdue(**_facts(contest)))
    return True


def _facts(contest: Contest) -> dict[str, Any]:
    """The fields of `ContestEvent`."""
    order = Order.objects.select_related("gig").get(cancellation=contest.cancellation_id)
    return {
        "contest_id": contest.pk,
        "cancellation_id": contest.cancellation_id,
        "order_id": order.pk,
        "client_id": order.client_id,
        "doer_id": order.doer_id,
        "title": order.gig.title,
    }


@transaction.atomic
def count_lapse(*, user_id: UUID, kind: LapseKind, message_id: UUID) -> bool:
    """Write down what speaks against a user and take its points off the trust score. False: counted before."""
    points = TrustSettings.load().contact_details_points
    lapse, is_new = Lapse.objects.get_or_create(
        message_id=message_id, defaults={"user_id": user_id, "kind": kind, "points": points}
    )
    if is_new:
        lower_trust_score(user_id=user_id, points=lapse.points)
    return is_new
