"""Returns: money that was released goes back, out of what the platform kept and out of the payee's wallet."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from khidma.kernel.events import publish
from khidma.kernel.ids import new_id
from khidma.kernel.money import divide
from khidma.kernel.states import lock
from payments.errors import EscrowNotReleased, ReturnTooLarge
from payments.events import MoneyReturned
from payments.models import (
    AccountKind,
    Chargeback,
    Entry,
    Escrow,
    Payment,
    Payout,
    RefundReason,
    Return,
    ReturnReason,
    TransferKind,
)
from payments.selectors.returns import returnable_of
from payments.services.escrow import SMALLEST_REFUND, lock_escrow, source_of
from payments.services.invoicing import issue_credit_notes
from payments.services.locking import balance_of, lock_accounts
from payments.services.posting import Line, credit, debit, post
from payments.services.refunds import promise_refund
from payments.services.requesting import call_back
from payments.states import EscrowStatus, PayoutStatus


@dataclass(frozen=True)
class Parts:
    """Who bears a return, in paise."""

    platform_fee: int
    gst: int
    tds: int
    payee: int


@transaction.atomic
def return_after_release(*, reference: UUID, amount: int, operator: User, reason: str) -> Return:
    """Send so much of what was released back to the payer: the platform bears its shares, the payee the rest.

    :raises EscrowNotReleased: nothing of it was released.
    :raises ReturnTooLarge: more than was released and not returned yet.
    """
    if amount < SMALLEST_REFUND:
        raise ValueError(f"The gateway sends nothing below {SMALLEST_REFUND} back, and this is {amount}")
    escrow = lock_escrow(reference)
    _require_returnable(escrow, amount)
    capture, payment_id = source_of(escrow)
    payment = lock(Payment, payment_id)
    refund = promise_refund(
        capture=capture, amount=amount, reason=RefundReason.RETURN, references=[reference], escrow=escrow
    )
    return take_back(
        escrow,
        amount,
        credit(AccountKind.REFUND_PENDING, amount, payment.pk),
        Return(why=ReturnReason.OPERATOR, refund=refund, by=operator, reason=reason[:500]),
    )


def _require_returnable(escrow: Escrow, amount: int) -> None:
    if escrow.status != EscrowStatus.DECIDED:
        raise EscrowNotReleased(details={"status": escrow.status})
    most = returnable_of(escrow)
    if amount > most:
        raise ReturnTooLarge(details={"maximum": most})


def return_to_bank(escrow: Escrow, amount: int, chargeback: Chargeback) -> Return:
    """The payee of a locked escrow bears this much of a lost chargeback. The caller holds the payment's lock."""
    _require_returnable(escrow, amount)
    return take_back(
        escrow,
        amount,
        credit(AccountKind.CHARGEBACK, amount, chargeback.pk),
        Return(why=ReturnReason.CHARGEBACK, chargeback=chargeback),
    )


def take_back(escrow: Escrow, amount: int, target: Line, made: Return) -> Return:
    """Write `made` and post it: of the payee's part, unsent withdrawals are called back first, then the wallet pays,
    and the rest becomes a debt."""
    parts = divide_return(escrow, amount)
    named = [(AccountKind.WALLET, escrow.payee_id), (AccountKind.RECEIVABLE, escrow.payee_id)]
    if target.owner_id is not None:
        named.append((target.account, target.owner_id))
    lock_accounts(named)
    called_back = call_back_unsent(escrow.payee_id, parts.payee, reason="Money has to be returned.")
    taken = min(parts.payee, balance_of(AccountKind.WALLET, escrow.payee_id))
    made.pk = new_id()
    made.escrow, made.amount = escrow, amount
    made.platform_fee, made.gst, made.tds = parts.platform_fee, parts.gst, parts.tds
    made.taken, made.owed = taken, parts.payee - taken
    made.save(force_insert=True)
    _post(made, target)
    _announce(made, called_back)
    issue_credit_notes(made)
    return made


def divide_return(escrow: Escrow, amount: int) -> Parts:
    """Each share in proportion to the released part, half up over all returns together, so that several returns never
    give back more than was kept. Tax that was remitted stays with the payee, who has the credit for it."""
    before = escrow.returns.aggregate(
        amount=Sum("amount"), platform_fee=Sum("platform_fee"), gst=Sum("gst"), tds=Sum("tds")
    )
    whole, so_far = escrow.payee_gross or 0, (before["amount"] or 0) + amount
    left, found = amount, {}
    for name in ("platform_fee", "gst", "tds"):
        kept = 0 if name == "tds" and is_remitted(escrow) else getattr(escrow, name) or 0
        due = divide(kept * so_far, whole) - (before[name] or 0)
        found[name] = max(0, min(due, left))
        left -= found[name]
    return Parts(payee=left, **found)


def is_remitted(escrow: Escrow) -> bool:
    """Whether tax was remitted since this escrow was decided: then its own is taken to be among it."""
    return Entry.objects.filter(
        account__kind=AccountKind.TDS_PAYABLE, transfer__kind=TransferKind.REMIT, transfer__at__gte=escrow.decided_at
    ).exists()


def call_back_unsent(user_id: UUID, amount: int, *, reason: str) -> list[Payout]:
    """Cancel the user's withdrawals that were not sent, the newest first, until they make up the amount.

    The caller holds the wallet's lock. One that somebody holds at this moment is being sent, or being called back.
    """
    called_back: list[Payout] = []
    unsent = Payout.objects.filter(
        user_id=user_id, refund=None, sent_at=None, status__in=[PayoutStatus.HELD, PayoutStatus.QUEUED]
    )
    for payout in unsent.order_by("-id").select_for_update(of=("self",), no_key=True, skip_locked=True):
        if sum(one.amount for one in called_back) >= amount:
            break
        call_back(payout, by=None, role="system", reason=reason)
        called_back.append(payout)
    return called_back


def _post(made: Return, target: Line) -> None:
    payee_id = made.escrow.payee_id
    post(
        key=f"return:{made.pk}",
        kind=TransferKind.RETURN,
        reference=made.escrow_id,
        entries=[
            debit(AccountKind.PLATFORM_FEE, made.platform_fee),
            debit(AccountKind.GST_PAYABLE, made.gst),
            debit(AccountKind.TDS_PAYABLE, made.tds),
            debit(AccountKind.WALLET, made.taken, payee_id),
            debit(AccountKind.RECEIVABLE, made.owed, payee_id),
            target,
        ],
    )


def _announce(made: Return, called_back: list[Payout]) -> None:
    publish(
        MoneyReturned(
            return_id=made.pk,
            reference=made.escrow.reference,
            payer_id=made.escrow.payer_id,
            payee_id=made.escrow.payee_id,
            amount=made.amount,
            taken=made.taken,
            owed=made.owed,
            why=made.why,
            payout_ids=[payout.pk for payout in called_back],
        )
    )
