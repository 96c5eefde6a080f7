"""Reads of chargebacks: what they hold back."""

from uuid import UUID, uuid5

from django.db.models import QuerySet

from payments.models import Chargeback
from payments.models.chargebacks import LIVE, MONEY_PHASES


def is_disputed(capture_id: UUID | None) -> bool:
    """Whether the bank disputes this capture, and money is at stake. Whoever decides by it holds the lock of the
    capture's escrow or payment: a chargeback is opened under both."""
    return live_of(capture_id).exists()


def was_lost(capture_id: UUID) -> bool:
    """Whether the bank has given money of this capture back to its payer."""
    return Chargeback.objects.filter(capture_id=capture_id, status="lost", phase__in=MONEY_PHASES).exists()


def live_of(capture_id: UUID | None) -> QuerySet[Chargeback]:
    """The undecided chargebacks of a capture."""
    if capture_id is None:
        return Chargeback.objects.none()
    return Chargeback.objects.filter(capture_id=capture_id, status__in=LIVE, phase__in=MONEY_PHASES)


def wallet_hold_of(chargeback_id: UUID, escrow_id: UUID) -> UUID:
    """The reference of what is held on a wallet for one escrow because of one chargeback."""
    return uuid5(chargeback_id, str(escrow_id))
