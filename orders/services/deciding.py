"""Taking the work: approval by the client or by the clock, and the doer's pay with it."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from orders.events import OrderApproved
from orders.models import Order
from orders.services.announcing import facts
from orders.services.milestones.deciding import approve_milestones
from orders.services.releasing import release_pay


@transaction.atomic
def approve_work(*, order: Order, client: User) -> Order:
    """Approve the submitted work and pay the doer; in milestones, all that are submitted.

    While the bank disputes the payment the order stays `approved`; the pay follows by itself.

    :raises OrderNotSubmitted: there is nothing to approve.
    """
    if order.has_milestones:
        return approve_milestones(order=order, client=client)
    order = lock(order)
    _approve(order, by=client, role="client")
    return order


@transaction.atomic
def approve_by_clock(*, order_id: UUID) -> bool:
    """Approve work that nobody answered in time. False: another caller holds the order, or has decided it."""
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .unanswered_past(Now())
        .filter(pk=order_id)
        .first()
    )
    if order is None:
        return False
    _approve(order, by=None, role="system")
    return True


def _approve(order: Order, *, by: User | None, role: str) -> None:
    advance(order, "approve", by=by, role=role, changes={"approved_at": now(), "auto_approve_at": None})
    publish(OrderApproved(**facts(order), by_clock=by is None))
    release_pay(order)
