"""The money of a cancellation: the policy weighed for every escrow of the order, and paid out for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from khidma.kernel.clock import now
from orders.models import Cancellation, CancellationPart, CancellationQuote, Milestone, Order
from orders.policy import Division, Facts, Fault, Outcome, divide
from orders.services.policies import terms_of
from orders.states import MilestoneStatus
from payments import selectors as money
from payments import services as payments
from payments.states import EscrowStatus


@dataclass(frozen=True)
class Paid:
    """What moved, in paise; `doer_amount` is net."""

    refunded: int
    doer_amount: int


def open_milestones(order: Order) -> list[Milestone]:
    """Those that a cancellation can end: paid or not, nothing was ever handed in for them."""
    live = {MilestoneStatus.PENDING, MilestoneStatus.FUNDED}
    rows = order.milestones.order_by("position")
    return [row for row in rows if row.status in live and row.submitted_at is None]


def facts_of(order: Order) -> dict[UUID, Facts]:
    """What the policy looks at, now, for each escrow that cancelling is about: that of the order, or of each milestone
    for which nothing was ever handed in."""
    if order.has_milestones:
        return {row.pk: _facts(order, row) for row in open_milestones(order)}
    return {order.pk: _facts(order, order)}


def _facts(order: Order, part: Order | Milestone) -> Facts:
    return Facts(
        is_on_site=order.is_on_site,
        held=money.escrow_of(part.pk).held,
        funded_at=part.funded_at,
        started_at=order.started_at,
        due_at=part.due_at,
        scheduled_at=order.scheduled_at,
        moment=now(),
    )


def weigh_now(order: Order, *, reason: str, side: str) -> Division:
    """What cancelling now comes to, by the policy that was frozen with the order."""
    return divide(terms=terms_of(order), facts=facts_of(order), reason=reason, side=side)


def everything_back(order: Order, *, fault: Fault, row: str) -> Division:
    """All that is held goes back to the client."""
    held = {reference: found.held for reference, found in facts_of(order).items() if found.held}
    parts = {
        reference: Outcome(fault=fault, row=row, held=amount, client_refund=amount, doer_gross=0, kept=0)
        for reference, amount in held.items()
    }
    return Division(fault=fault, parts=parts)


def doers_net(parts: Mapping[UUID, int]) -> int:
    """What the doer would get of these gross amounts, by the reference of their escrow, at the taxes of today."""
    escrows = [money.escrow_of(reference) for reference in parts]
    gross = {escrow.pk: parts[escrow.reference] for escrow in escrows}
    return sum(shares.payee_net for shares in payments.shares_of_each(escrows, payee_gross=gross).values())


def gross_of(division: Division) -> dict[UUID, int]:
    """The doer's gross amounts, by the reference of their escrow."""
    return {reference: part.doer_gross for reference, part in division.parts.items()}


def keep_parts(about: CancellationQuote | Cancellation, division: Division) -> None:
    """Write the division down with the quote or the cancellation."""
    link = {"quote": about} if isinstance(about, CancellationQuote) else {"cancellation": about}
    CancellationPart.objects.bulk_create(
        CancellationPart(**link, reference=reference, **vars(part)) for reference, part in division.parts.items()
    )


def division_of(about: CancellationQuote | Cancellation) -> Division:
    """The division as it was written down."""
    names = Outcome.__dataclass_fields__
    parts = {
        row.reference: Outcome(**{name: getattr(row, name) for name in names}) for row in about.parts.order_by("id")
    }
    return Division(fault=Fault(about.fault), parts=parts)


def pay_uncontested(order: Order, division: Division) -> int:
    """Move the money that nobody can contest; what the doer gets in the end, net, in paise."""
    amounts = [_pay(reference, part) for reference, part in division.parts.items()]
    return sum(amounts)


def _pay(reference: UUID, part: Outcome) -> int:
    if not part.kept:
        reason = f"cancelled: {part.row}"
        return payments.settle_escrow(
            reference=reference, payee_gross=part.doer_gross, reason=reason, hold_in_wallet=True
        ).payee_net
    if part.held > part.kept:
        payments.refund_part(reference=reference, amount=part.held - part.kept)
    return doers_net({reference: part.doer_gross})


def pay_kept(division: Division, *, fault: str) -> Paid:
    """Decide what was kept: with the client at fault the doer gets the part at stake, else the client everything.

    What the payer's bank, or a refund that was made without us, has emptied meanwhile is decided already.
    """
    kept = {reference: part for reference, part in division.parts.items() if part.kept}
    settled = [
        payments.settle_escrow(
            reference=escrow.reference,
            payee_gross=min(kept[escrow.reference].at_stake, escrow.held) if fault == Fault.CLIENT else 0,
            reason=f"cancelled: {kept[escrow.reference].row}",
            hold_in_wallet=True,
        )
        for escrow in payments.lock_escrows(kept)
        if escrow.status == EscrowStatus.FUNDED
    ]
    return Paid(
        refunded=sum(settlement.refunded for settlement in settled),
        doer_amount=sum(settlement.payee_net for settlement in settled),
    )
