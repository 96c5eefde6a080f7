"""Reads of what went back after a release."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Sum

from payments.models import Escrow, Return
from payments.states import EscrowStatus


@dataclass(frozen=True)
class Returned:
    """All returns of one escrow together, in paise, and what of them each has given back."""

    amount: int = 0
    platform_fee: int = 0
    gst: int = 0
    tds: int = 0
    payee_part: int = 0


def returned_of(escrow_ids: Iterable[UUID]) -> dict[UUID, Returned]:
    """The returns of each of these escrows that has any, by its id; one query for any number."""
    rows = Return.objects.filter(escrow__in=list(escrow_ids)).values("escrow_id").order_by("escrow_id")
    sums = rows.annotate(
        total=Sum("amount"),
        fees=Sum("platform_fee"),
        gsts=Sum("gst"),
        tdss=Sum("tds"),
        payees=Sum(F("taken") + F("owed")),
    )
    return {
        row["escrow_id"]: Returned(row["total"], row["fees"], row["gsts"], row["tdss"], row["payees"]) for row in sums
    }


def returnable_of(escrow: Escrow) -> int:
    """What was released of an escrow and has not gone back, in paise."""
    if escrow.status != EscrowStatus.DECIDED:
        return 0
    returned: int = escrow.returns.aggregate(total=Sum("amount"))["total"] or 0
    return (escrow.payee_gross or 0) - returned
