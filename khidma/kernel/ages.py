"""Maximum ages of the kernel: events on their way to their handlers."""

from datetime import timedelta

from django.db.models import Q

from khidma.kernel.aging import may_last
from khidma.kernel.models import DeliveryStatus, OutboxDelivery

TAKEN_UP = timedelta(minutes=2)

may_last(
    OutboxDelivery,
    name="pending, due",
    where=Q(status=DeliveryStatus.PENDING),
    since="due_at",
    within=TAKEN_UP,
    sweep="khidma.kernel.tasks.deliver_outbox",
)
may_last(
    OutboxDelivery,
    name="pending, tried again and again",
    where=Q(status=DeliveryStatus.PENDING),
    since="event__created_at",
    within=timedelta(days=3),
    sweep="khidma.kernel.tasks.deliver_outbox",
)
may_last(
    OutboxDelivery,
    name="dead",
    where=Q(status=DeliveryStatus.DEAD),
    since="event__created_at",
    within=timedelta(0),
    people="operators: try again in the admin",
)
