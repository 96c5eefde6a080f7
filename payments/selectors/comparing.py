"""Our books against the gateway's report, the bank's statement and the payout account's, set against set in SQL.

A statement gives one row for each item that is not the same in both, and one row of totals. Money that came in is
positive, in their books as in ours. An item of ours that is younger than its due moment is `not_due`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from payments.models import Side

FAILED_REFUND = "adjustment"

COMPARE = """
WITH compared AS MATERIALIZED (
  SELECT subject, reference, ours.paise AS o, theirs.paise AS t, ours.place AS our_place, theirs.place AS their_place,
         ours.at AS our_at, theirs.at AS their_at
    FROM (SELECT subject, reference, sum(paise)::bigint AS paise, min(place) AS place, max(at) AS at
            FROM payments_our_items GROUP BY subject, reference) AS ours
    FULL JOIN (SELECT subject, reference, sum(paise)::bigint AS paise, min(place) AS place, max(at) AS at
                 FROM payments_their_items GROUP BY subject, reference) AS theirs USING (subject, reference)
)
SELECT subject, reference, o, t, coalesce(our_place, ''), coalesce(their_place, ''), our_at, their_at
  FROM compared WHERE o IS DISTINCT FROM t AND (coalesce(o, 0) <> 0 OR coalesce(t, 0) <> 0)
 UNION ALL
SELECT 'same', '', coalesce(sum(abs(o)) FILTER (WHERE subject = ANY (%(counted)s)), 0)::bigint, count(*),
       '', '', NULL, NULL
  FROM compared WHERE o = t
"""

IN_FLIGHT = """
SELECT gateway_refund_id FROM payments_refund
 WHERE gateway_refund_id = ANY (%(found)s) AND status IN ('promised', 'sent', 'waiting_funds')
 UNION ALL
SELECT gateway_payout_id FROM payments_payout
 WHERE gateway_payout_id = ANY (%(found)s) AND status IN ('requested', 'held', 'queued', 'processing')
 UNION ALL
SELECT gateway_validation_id FROM payments_validation
 WHERE gateway_validation_id = ANY (%(found)s) AND status = 'created'
"""

REFUNDED_PAYMENTS = """
SELECT entity_id, payment_id FROM payments_settlementline WHERE kind = 'refund' AND entity_id = ANY (%(found)s)
"""


@dataclass(frozen=True)
class Found:
    """One item that is not the same in both books, in paise; nothing where a book does not know it."""

    subject: str
    reference: str
    our_paise: int | None
    their_paise: int | None
    ours: str
    theirs: str
    our_at: datetime | None = None
    their_at: datetime | None = None

    @property
    def about(self) -> tuple[str, str]:
        """What makes it the same difference in every run."""
        return self.subject, self.reference

    @property
    def side(self) -> Side:
        """Which of the three lists it belongs on."""
        if self.our_paise is None:
            return Side.ONLY_THEIRS
        return Side.ONLY_OURS if self.their_paise is None else Side.AMOUNT

    @property
    def amount(self) -> int:
        """What our books say, or theirs where ours say nothing."""
        if self.our_paise is not None:
            return self.our_paise
        return self.their_paise or 0

    @property
    def difference(self) -> int:
        """Ours less theirs."""
        return (self.our_paise or 0) - (self.their_paise or 0)

    @property
    def at_stake(self) -> int:
        """The larger of the two sides."""
        return max(abs(self.our_paise or 0), abs(self.their_paise or 0))


@dataclass(frozen=True)
class Comparison:
    """What one run has found: differences, what is not due yet, and how many paise were the same."""

    differences: list[Found]
    not_due: list[Found]
    matched: int
    items: int

    @property
    def compared(self) -> int:
        """All paise that were compared and due."""
        return self.matched + sum(found.at_stake for found in self.differences if found.subject in COUNTED)


COUNTED = frozenset({"payment", "fee", "refund", "chargeback", "adjustment", "transfer", "bank", "payout"})
"""Subjects whose rupees make up the share that is matched; the others only look at the same rupees again."""


def compare_books(*, due_before: datetime, settled_before: datetime) -> Comparison:
    """Compare everything that was ever booked. What only we know is missing there when it is older than `due_before`;
    what moves on the payout account is compared when it last moved before `settled_before`.
    """
    rows = _rows(COMPARE, counted=list(COUNTED))
    same = next(row for row in rows if row[0] == "same")
    found = _drop_what_explains_itself([Found(*row) for row in rows if row[0] != "same"])
    in_flight = _in_flight(found)
    not_due = [one for one in found if _is_not_due(one, in_flight, due_before, settled_before)]
    waiting = {one.about for one in not_due}
    differences = [one for one in found if one.about not in waiting]
    return Comparison(differences=differences, not_due=not_due, matched=same[2], items=same[3] + len(found))


def _drop_what_explains_itself(found: list[Found]) -> list[Found]:
    """Without what only repeats another difference: the fee of a payment that one book does not know, the tax in a
    fee that differs, and a refund that failed before it was processed, which the gateway shows as taken and given back.
    """
    one_sided = {one.reference for one in found if one.subject == "payment" and one.side != Side.AMOUNT}
    other_fees = {one.reference for one in found if one.subject == "fee"}
    kept = [
        one
        for one in found
        if not (one.subject == "fee" and one.reference in one_sided)
        and not (one.subject == "fee_tax" and one.reference in one_sided | other_fees)
    ]
    refunds = {one.reference: one for one in kept if one.subject == "refund" and one.side == Side.ONLY_THEIRS}
    if not refunds:
        return kept
    back: dict[tuple[str, int], list[str]] = {}
    for one in kept:
        if one.subject == FAILED_REFUND and one.side == Side.ONLY_THEIRS:
            back.setdefault((one.reference.split(":")[0], one.amount), []).append(one.reference)
    dropped: set[tuple[str, str]] = set()
    for refund_id, payment_id in _rows(REFUNDED_PAYMENTS, found=list(refunds)):
        given_back = back.get((payment_id, -refunds[refund_id].amount))
        if given_back:
            dropped |= {("refund", refund_id), (FAILED_REFUND, given_back.pop())}
    return [one for one in kept if (one.subject, one.reference) not in dropped]


def _in_flight(found: list[Found]) -> set[str]:
    """Refunds, payouts and penny drops that wait for the gateway's last word."""
    references = [one.reference for one in found if one.subject in {"refund", "payout"}]
    return {reference for (reference,) in _rows(IN_FLIGHT, found=references)}


def _is_not_due(one: Found, in_flight: set[str], due_before: datetime, settled_before: datetime) -> bool:
    if one.side == Side.ONLY_OURS:
        return one.our_at is not None and one.our_at >= due_before
    if one.reference in in_flight:
        return one.their_at is not None and one.their_at >= due_before
    moved = [moment for moment in (one.our_at, one.their_at) if moment is not None]
    return one.subject == "payout" and bool(moved) and max(moved) >= settled_before


def _rows(statement: str, **parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
