"""Money in suspense: one item for each, decided by an operator, over the threshold by two."""

from uuid import UUID

from django.db import transaction
from django.db.models import Count

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.states import lock
from payments.errors import SuspenseDoesNotFit
from payments.models import (
    AccountKind,
    Capture,
    CaptureUse,
    Escrow,
    Payment,
    PaymentPurpose,
    RefundReason,
    SecondPersonAct,
    SuspenseDecision,
    SuspenseItem,
    TransferKind,
)
from payments.services.capturing import fund_escrows, mark_captured
from payments.services.paying import new_payment
from payments.services.posting import Line, credit, debit, post
from payments.services.refunds import promise_refund
from payments.services.second_person import ask_for_act, carries_out, needs_second_person, require_finance
from payments.services.suspense_items import close_item
from payments.states import EscrowStatus

KIND = "suspense"


@transaction.atomic
def assign_suspense(*, item: SuspenseItem, owner: User, operator: User) -> SuspenseItem:
    """Give an item to an operator of finance."""
    require_finance(operator)
    require_finance(owner)
    item = lock(item)
    item.owner = owner
    item.save(update_fields=["owner"])
    record_act(
        actor_id=operator.pk,
        action="assign_suspense",
        target_type="suspense_item",
        target_id=item.pk,
        after={"owner": str(owner.pk)},
    )
    return item


@transaction.atomic
def decide_suspense(
    *, item: SuspenseItem, decision: str, reason: str, operator: User, reference: UUID | None = None
) -> SuspenseItem | SecondPersonAct:
    """Send money in suspense where it belongs: to the escrow of `reference` that awaits exactly it, back to its source,
    or into adjustments. Over the threshold it waits for a second operator.

    :raises SuspenseDecided: it was decided before.
    :raises SuspenseDoesNotFit: the escrow does not await it, or it has no payment to go back to.
    """
    require_finance(operator)
    content = {"decision": decision, "reference": str(reference) if reference else ""}
    if needs_second_person(abs(item.amount)):
        item.states.find("decide", item.status, "operator")
        return ask_for_act(
            kind=KIND, subject_id=item.pk, amount=abs(item.amount), reason=reason, operator=operator, content=content
        )
    record_act(
        actor_id=operator.pk,
        action="decide_suspense",
        target_type="suspense_item",
        target_id=item.pk,
        reason=reason,
        before={"amount": item.amount},
        after=content,
    )
    return _decide(item.pk, decision=decision, reference=reference, reason=reason, by=operator)


@carries_out(KIND)
def _carry_out(act: SecondPersonAct) -> None:
    reference = UUID(act.content["reference"]) if act.content["reference"] else None
    by = act.decided_by
    _decide(act.subject_id, decision=act.content["decision"], reference=reference, reason=act.reason, by=by)


def _decide(item_id: UUID, *, decision: str, reference: UUID | None, reason: str, by: User | None) -> SuspenseItem:
    """Locks are taken in the order of all money: the escrow, its payment, and the item last."""
    line = _where(SuspenseItem.objects.select_related("capture").get(pk=item_id), decision, reference)
    item = close_item(lock(SuspenseItem, item_id), decision=decision, reason=reason, by=by)
    post(
        key=f"suspense:{item.pk}",
        kind=TransferKind.SUSPENSE,
        reference=item.pk,
        entries=[_out(item), line],
        note=reason[:200],
    )
    return item


def _out(item: SuspenseItem) -> Line:
    if item.amount > 0:
        return debit(AccountKind.SUSPENSE, item.amount, item.pk)
    return credit(AccountKind.SUSPENSE, -item.amount, item.pk)


def _where(item: SuspenseItem, decision: str, reference: UUID | None) -> Line:
    """The other side of the transfer, and what comes with it."""
    if decision == SuspenseDecision.ADJUSTMENT:
        return Line(AccountKind.ADJUSTMENT, None, -item.amount)
    if item.amount < 0 or item.capture is None:
        raise SuspenseDoesNotFit
    if decision == SuspenseDecision.ESCROW and reference is not None:
        return _fund(item, item.capture, reference)
    if decision == SuspenseDecision.REFUND:
        return _send_back(item, item.capture)
    raise SuspenseDoesNotFit


def _fund(item: SuspenseItem, capture: Capture, reference: UUID) -> Line:
    """The escrow takes it, if it is exactly what it awaits, by a payment of its own."""
    escrow = Escrow.objects.select_for_update(of=("self",), no_key=True).filter(reference=reference).first()
    if escrow is None or escrow.status != EscrowStatus.AWAITING:
        raise SuspenseDoesNotFit
    if (escrow.amount, capture.currency) != (item.amount, "INR"):
        raise SuspenseDoesNotFit
    payment = lock(_payment_for(escrow, capture))
    capture.payment, capture.use = payment, CaptureUse.FUNDED
    capture.save(update_fields=["payment", "use"])
    mark_captured(payment, capture)
    fund_escrows([escrow], payment, capture)
    return credit(AccountKind.ESCROW, item.amount, escrow.pk)


def _payment_for(escrow: Escrow, capture: Capture) -> Payment:
    """The one it came for, if that is for this alone; else an unpaid one for it, or a new one."""
    alone = Payment.objects.annotate(things=Count("items")).filter(things=1, items__escrow=escrow)
    came_for = alone.filter(captures=capture).exclude(captures__use=CaptureUse.FUNDED).first()
    known = came_for or alone.filter(captures=None).order_by("-id").first()
    return known or new_payment(escrow.payer, [escrow], PaymentPurpose.ORDER)


def _send_back(item: SuspenseItem, capture: Capture) -> Line:
    """Promised back, where we know for which payment of ours it came; else it is refunded at the gateway by hand."""
    if capture.payment_id is None:
        raise SuspenseDoesNotFit
    payment = lock(Payment, capture.payment_id)
    capture.use = CaptureUse.REFUNDED
    capture.save(update_fields=["use"])
    mark_captured(payment, capture)
    promise_refund(capture=capture, amount=item.amount, reason=RefundReason.SURPLUS, references=payment.references)
    return credit(AccountKind.REFUND_PENDING, item.amount, payment.pk)
