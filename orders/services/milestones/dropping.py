"""Milestones whose turn came and whose money never did, given up by the clock."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from khidma.kernel.clock import Now
from khidma.kernel.events import publish
from orders.events import MilestoneDropped
from orders.models import CancelReason, Milestone, Order
from orders.runtime import OrderSettings
from orders.services.announcing import milestone_facts
from orders.services.milestones.deciding import lock_if_free
from orders.services.milestones.ending import drop_unpaid_milestones, go_on
from orders.services.paying import take_up
from payments.errors import EscrowFunded


@transaction.atomic
def drop_milestone_by_clock(*, milestone_id: UUID) -> bool:
    """Give up a milestone that was not paid in time; let it begin if its money has just come. False: too early."""
    order = lock_if_free(milestone_id)
    since = Now() - timedelta(days=OrderSettings.load().milestone_wait_days)
    if order is None or not Milestone.objects.unfunded_since(since).filter(pk=milestone_id).exists():
        return False
    try:
        with transaction.atomic():
            _drop(order, milestone_id)
    except EscrowFunded:
        take_up(order, by=None, role="system")
    return True


def _drop(order: Order, milestone_id: UUID) -> None:
    given_up = drop_unpaid_milestones(order, by=None, role="system", reason=CancelReason.UNPAID, only=milestone_id)
    for milestone in given_up:
        publish(MilestoneDropped(**milestone_facts(order, milestone)))
    go_on(order)
