"""How reliably a doer ends what was begun: the share of orders that were not given up by the doer's fault."""

from uuid import UUID

from django.db.models import Count, Q

from orders.models import Order
from orders.policy import Fault
from orders.states import OrderStatus


def completion_rate_of(doer_id: UUID) -> float | None:
    """Completed orders without the doer's fault, by those and the ones with it; None while there is neither.

    A cancellation counts for the side whose fault it is as it stands now, as found or as judged by an operator.
    """
    at_fault = Q(cancellation__fault=Fault.DOER)
    counts = Order.objects.filter(doer=doer_id).aggregate(
        ended=Count("id", filter=at_fault | Q(status=OrderStatus.COMPLETED)), failed=Count("id", filter=at_fault)
    )
    return (counts["ended"] - counts["failed"]) / counts["ended"] if counts["ended"] else None
