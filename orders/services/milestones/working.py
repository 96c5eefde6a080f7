"""The work on milestones: handed in and sent back, one by itself or all at once."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from khidma.media.services import attach, check_files
from orders.errors import OrderNotInProgress, OrderNotStarted, OrderNotSubmitted, RevisionLimitReached
from orders.events import MilestoneRevisionRequested, MilestoneSubmitted
from orders.models import Deliverable, Milestone, Order, RevisionRequest
from orders.runtime import OrderSettings
from orders.services.announcing import milestone_facts
from orders.services.milestones.choosing import choose_milestones
from orders.states import OrderStatus
from payments.runtime import PaymentSettings


@transaction.atomic
def submit_milestones(
    *,
    order: Order,
    doer: User,
    message: str,
    attachments: Sequence[UUID] = (),
    links: Sequence[str] = (),
    only: UUID | None = None,
) -> Order:
    """Hand in the work of every funded milestone, or of `only` one; the approval clock of each starts.

    :raises Invalid: a file is not the doer's.
    :raises MilestoneNotFunded: that one takes no work now.
    :raises OrderNotInProgress: none does.
    :raises OrderNotStarted: on site, before the start.
    """
    check_files(owner=doer, files=attachments)
    order = lock(order)
    chosen = choose_milestones(order, "submit", role="doer", only=only, refusal=OrderNotInProgress)
    if order.status == OrderStatus.IN_PROGRESS and order.is_on_site and order.started_at is None:
        raise OrderNotStarted
    order.submitted_at = now()
    order.save(update_fields=["submitted_at"])
    for milestone in chosen:
        work = Deliverable(order=order, milestone=milestone, message=message, links=list(links))
        _submit(order, milestone, doer, work)
        attach(owner=doer, thing="deliverable", thing_id=work.pk, files=attachments)
    return order


def _submit(order: Order, milestone: Milestone, doer: User, work: Deliverable) -> None:
    submitted_at = now()
    approve_at = submitted_at + timedelta(days=PaymentSettings.load().auto_approve_days)
    changes = {"submitted_at": submitted_at, "auto_approve_at": approve_at}
    advance(milestone, "submit", by=doer, role="doer", changes=changes)
    work.save()
    publish(MilestoneSubmitted(**milestone_facts(order, milestone), deliverable_id=work.pk, auto_approve_at=approve_at))


@transaction.atomic
def revise_milestones(
    *, order: Order, client: User, message: str, extra_days: int = 0, only: UUID | None = None
) -> Order:
    """Send the work of every submitted milestone back, or of `only` one; its deadline moves by the days given.

    :raises MilestoneNotSubmitted: there is nothing to send back for that one.
    :raises OrderNotSubmitted: there is nothing at all.
    :raises RevisionLimitReached: all revisions of one of them are used up.
    """
    order = lock(order)
    chosen = choose_milestones(order, "request_revision", role="client", only=only, refusal=OrderNotSubmitted)
    numbers = [_next_revision(milestone) for milestone in chosen]
    for milestone, number in zip(chosen, numbers, strict=True):
        wish = RevisionRequest(order=order, milestone=milestone, number=number, message=message, extra_days=extra_days)
        _send_back(order, milestone, client, wish)
    order.due_at = max(milestone.due_at for milestone in order.milestones.all())
    order.save(update_fields=["due_at"])
    return order


def _next_revision(milestone: Milestone) -> int:
    used, limit = milestone.revision_requests.count(), OrderSettings.load().revisions
    if used >= limit:
        raise RevisionLimitReached(details={"limit": limit})
    return used + 1


def _send_back(order: Order, milestone: Milestone, client: User, wish: RevisionRequest) -> None:
    due_at = milestone.due_at + timedelta(days=wish.extra_days)
    changes = {"due_at": due_at, "auto_approve_at": None}
    advance(milestone, "request_revision", by=client, role="client", changes=changes)
    wish.save()
    publish(
        MilestoneRevisionRequested(
            **milestone_facts(order, milestone), revision_id=wish.pk, number=wish.number, due_at=due_at
        )
    )
