"""Items of money in suspense: opened and closed together with the posting that moves the money."""

from uuid import UUID

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.ids import new_id
from khidma.kernel.states import advance, record_change
from payments.models import Capture, ForeignRefund, SuspenseItem


def open_item(
    *,
    amount: int,
    capture: Capture | None = None,
    foreign_refund: ForeignRefund | None = None,
    item_id: UUID | None = None,
) -> SuspenseItem:
    """Money that matches nothing, under its own account; the caller posts it. Negative: money that is missing."""
    item = SuspenseItem.objects.create(
        id=item_id or new_id(), amount=amount, capture=capture, foreign_refund=foreign_refund
    )
    record_change(item, action="open", by=None, role="system")
    return item


def close_item(item: SuspenseItem, *, decision: str, reason: str, by: User | None = None) -> SuspenseItem:
    """Its money went somewhere; the caller holds its lock and posts it."""
    changes = {"decision": decision, "reason": reason[:500], "decided_by": by, "decided_at": now()}
    role = "operator" if by else "system"
    return advance(item, "decide", by=by, role=role, reason=reason, changes=changes)
