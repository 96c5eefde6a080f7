"""The record of what operators do: append-only."""

from typing import Any
from uuid import UUID

from khidma.kernel.context import client_address, request_id
from khidma.kernel.models import AuditRecord


def record_act(
    *,
    actor_id: UUID | None,
    action: str,
    target_type: str,
    target_id: object,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditRecord:
    """Write down one act, in the caller's transaction."""
    return AuditRecord.objects.create(
        actor_id=actor_id,
        action=action,
        target_type=target_type,
        target_id=str(target_id),
        reason=reason,
        before=before,
        after=after,
        request_id=request_id.get(),
        address=client_address.get(),
    )
