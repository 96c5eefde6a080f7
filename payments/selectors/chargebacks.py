"""Reads of chargebacks: what they hold back."""

from uuid import UUID

from payments.models import Chargeback
from payments.models.chargebacks import LIVE, MONEY_PHASES


def is_disputed(capture_id: UUID | None) -> bool:
    """Whether the bank disputes this capture, and money is at stake. Whoever decides by it holds the lock of the
    capture's escrow or payment: a chargeback is opened under both."""
    return Chargeback.objects.filter(capture_id=capture_id, status__in=LIVE, phase__in=MONEY_PHASES).exists()
