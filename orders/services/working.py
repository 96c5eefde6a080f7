"""The work: started on site, handed in, sent back."""

import hmac
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.errors import KhidmaError
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from khidma.media.services import attach, check_files
from orders.errors import (
    OrderAlreadyStarted,
    OrderNotInProgress,
    OrderNotOnSite,
    OrderNotStarted,
    OrderNotSubmitted,
    RevisionLimitReached,
    StartCodeLocked,
    StartCodeWrong,
)
from orders.events import OrderStarted, RevisionRequested, WorkSubmitted
from orders.models import Deliverable, Order, RevisionRequest
from orders.runtime import OrderSettings
from orders.services.announcing import facts
from orders.services.hours import check_minutes
from orders.services.milestones.working import revise_milestones, submit_milestones
from orders.states import OrderStatus
from payments.runtime import PaymentSettings


def start_work(*, order: Order, doer: User, code: str) -> Order:
    """Begin on site with the client's code. Wrong tries are counted: whoever holds a transaction open keeps it.

    :raises StartCodeWrong, StartCodeLocked: the two have not met.
    :raises OrderNotInProgress, OrderNotOnSite, OrderAlreadyStarted: there is nothing to start.
    """
    order, refusal = _try_code(order=order, doer=doer, code=code)
    if refusal is not None:
        raise refusal
    return order


@transaction.atomic
def _try_code(*, order: Order, doer: User, code: str) -> tuple[Order, KhidmaError | None]:
    order, moment, rules = lock(order), now(), OrderSettings.load()
    _require_startable(order)
    if order.start_locked_until is not None and moment < order.start_locked_until:
        return order, StartCodeLocked(retry_after=int((order.start_locked_until - moment).total_seconds()) + 1)
    if not hmac.compare_digest(order.start_code.encode(), code.encode()):
        return order, _count_wrong_code(order, rules)
    order.started_at, order.start_tries = moment, 0
    order.save(update_fields=["started_at", "start_tries"])
    publish(OrderStarted(**facts(order)))
    return order, None


def _require_startable(order: Order) -> None:
    if not order.is_on_site:
        raise OrderNotOnSite
    if order.status != OrderStatus.IN_PROGRESS:
        raise OrderNotInProgress(details={"status": order.status})
    if order.started_at is not None:
        raise OrderAlreadyStarted


def _count_wrong_code(order: Order, rules: OrderSettings) -> KhidmaError:
    order.start_tries += 1
    left = rules.start_code_tries - order.start_tries
    if left <= 0:
        order.start_tries, order.start_locked_until = 0, now() + timedelta(minutes=rules.start_code_lock_minutes)
    order.save(update_fields=["start_tries", "start_locked_until"])
    return StartCodeWrong(details={"triesLeft": max(left, 0)})


@transaction.atomic
def submit_work(
    *,
    order: Order,
    doer: User,
    message: str,
    attachments: Sequence[UUID] = (),
    links: Sequence[str] = (),
    minutes_worked: int | None = None,
) -> Order:
    """Hand work in; the approval clock starts. By the hour, `minutes_worked` say what is asked for it; in milestones,
    this is the work of all that are funded.

    :raises Invalid: the minutes do not fit what was agreed, or a file is not the doer's.
    :raises OrderNotInProgress: the order takes no work now.
    :raises OrderNotStarted: on site, before the start.
    """
    check_minutes(order, minutes_worked)
    check_files(owner=doer, files=attachments)
    if order.has_milestones:
        return submit_milestones(order=order, doer=doer, message=message, attachments=attachments, links=links)
    order = lock(order)
    if order.status == OrderStatus.IN_PROGRESS and order.is_on_site and order.started_at is None:
        raise OrderNotStarted
    submitted_at = now()
    approve_at = submitted_at + timedelta(days=PaymentSettings.load().auto_approve_days)
    changes = {"submitted_at": submitted_at, "auto_approve_at": approve_at, "minutes_worked": minutes_worked}
    advance(order, "submit", by=doer, role="doer", changes=changes)
    deliverable = Deliverable.objects.create(
        order=order,
        message=message,
        links=list(links),
        minutes_worked=minutes_worked,
    )
    attach(owner=doer, thing="deliverable", thing_id=deliverable.pk, files=attachments)
    publish(WorkSubmitted(**facts(order), deliverable_id=deliverable.pk, auto_approve_at=approve_at))
    return order


@transaction.atomic
def request_revision(*, order: Order, client: User, message: str, extra_days: int = 0) -> Order:
    """Send the work back; the deadline moves by the days that the client gives, the approval clock stops. In
    milestones, all that are submitted go back.

    :raises OrderNotSubmitted: there is nothing to send back.
    :raises RevisionLimitReached: all revisions are used up.
    """
    if order.has_milestones:
        return revise_milestones(order=order, client=client, message=message, extra_days=extra_days)
    order = lock(order)
    number = _next_revision(order)
    due_at = order.due_at + timedelta(days=extra_days) if order.due_at else None
    advance(order, "request_revision", by=client, role="client", changes={"due_at": due_at, "auto_approve_at": None})
    revision = RevisionRequest.objects.create(order=order, number=number, message=message, extra_days=extra_days)
    publish(RevisionRequested(**facts(order), revision_id=revision.pk, number=number, due_at=due_at))
    return order


def _next_revision(order: Order) -> int:
    if order.status != OrderStatus.SUBMITTED:
        raise OrderNotSubmitted(details={"status": order.status})
    used, limit = order.revision_requests.count(), OrderSettings.load().revisions
    if used >= limit:
        raise RevisionLimitReached(details={"limit": limit})
    return used + 1
