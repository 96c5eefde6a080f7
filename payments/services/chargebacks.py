"""Chargebacks: followed as the gateway tells them. While one is open, release, refunds and wallets are held."""

from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.db import transaction

from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock, record_change
from payments.errors import PaymentUnseen
from payments.events import ChargebackMoved
from payments.models import AccountKind, Capture, Chargeback, ChargebackPhase, Escrow, Payment, TransferKind
from payments.models.chargebacks import LIVE
from payments.providers import gateway
from payments.providers.gateway import DisputeSighting, GatewaySaidNo, GatewaySilent
from payments.selectors.chargebacks import wallet_hold_of
from payments.selectors.returns import returnable_of
from payments.services.bearing import Grounds, bear_loss
from payments.services.holding import hold_wallet, release_wallet_hold
from payments.services.locking import balance_of, lock_accounts
from payments.services.posting import credit, debit, post
from payments.services.refunds import take_up_refunds
from payments.services.returning import call_back_unsent
from payments.services.watching import next_look, note_look
from payments.states import ChargebackStatus

log = structlog.get_logger(__name__)

ENDS = {ChargebackStatus.WON: "win", ChargebackStatus.LOST: "lose", ChargebackStatus.CLOSED: "close"}
PHASES = list(ChargebackPhase)


def look_at_chargeback(*, dispute_id: str) -> None:
    """Ask the gateway what became of a dispute, and record it. Outside any transaction."""
    try:
        sighting = gateway().fetch_dispute(dispute_id)
    except (GatewaySilent, GatewaySaidNo) as error:
        log.warning("chargeback_look_failed", dispute_id=dispute_id, error=str(error))
        for found in Chargeback.objects.filter(gateway_dispute_id=dispute_id, status__in=LIVE):
            Chargeback.objects.filter(pk=found.pk).update(looks=found.looks + 1, look_at=Now() + next_look(found.looks))
    else:
        record_dispute(sighting=sighting)


def find_chargebacks() -> int:
    """Record the gateway's disputes that we do not know as they are now; how many. Outside any transaction.

    The newest pages are read, down to one that holds nothing new.
    """
    try:
        unknown = _unknown_disputes()
    except (GatewaySilent, GatewaySaidNo) as error:
        log.warning("disputes_unknown", error=str(error))
        return 0
    for sighting in reversed(unknown):  # the oldest first: whoever dies on the way is led on by the newest
        try:
            record_dispute(sighting=sighting)
        except PaymentUnseen:
            log.error("dispute_of_unseen_payment", dispute_id=sighting.dispute_id)
    return len(unknown)


def _unknown_disputes() -> list[DisputeSighting]:
    known = set(Chargeback.objects.values_list("gateway_dispute_id", "phase", "status"))
    unknown: dict[str, DisputeSighting] = {}
    skip = 0
    while page := gateway().recent_disputes(skip=skip):
        new = [
            one
            for one in page
            if (one.dispute_id, one.phase, one.status) not in known
            and one.phase in PHASES
            and one.dispute_id not in unknown
        ]
        if not new:
            break
        unknown |= {one.dispute_id: one for one in new}
        skip += len(page)
    return list(unknown.values())


@transaction.atomic
def record_dispute(*, sighting: DisputeSighting) -> Chargeback | None:
    """Merge what the gateway says about a dispute into ours, one row for each phase; none, if it is old news.

    :raises PaymentUnseen: the payment that it is about has not been booked yet.
    """
    if sighting.phase not in PHASES or sighting.status not in ChargebackStatus.values or sighting.amount < 1:
        log.critical("dispute_strange", dispute_id=sighting.dispute_id, phase=sighting.phase, status=sighting.status)
        return None
    grounds = _lock_grounds(sighting.payment_id)
    chargeback = _row(grounds, sighting)
    if chargeback is None:
        return None
    if (chargeback.capture_id, chargeback.amount) != (grounds.capture.pk, sighting.amount):
        log.critical("dispute_differs", dispute_id=sighting.dispute_id, theirs=sighting.amount)
        return chargeback
    if not chargeback.is_live:
        if sighting.status in ENDS and sighting.status != chargeback.status:
            log.critical("dispute_contradicted", dispute_id=sighting.dispute_id, theirs=sighting.status)
        return chargeback
    _keep(chargeback, sighting)
    _follow(chargeback, grounds, sighting)
    return chargeback


def _lock_grounds(gateway_payment_id: str) -> Grounds:
    """Everything that the dispute is about, under the locks that everybody takes, in their order."""
    capture = Capture.objects.filter(gateway_payment_id=gateway_payment_id).first()
    if capture is None:
        raise PaymentUnseen(details={"payment": gateway_payment_id})
    funded = Escrow.objects.select_for_update(of=("self",), no_key=True).filter(funded_by=capture)
    escrows = list(funded.order_by("id"))
    payment = lock(Payment, capture.payment_id) if capture.payment_id else None
    if payment is None:
        lock(capture)
    payees = sorted({escrow.payee_id for escrow in escrows})
    lock_accounts([(kind, payee) for payee in payees for kind in (AccountKind.WALLET, AccountKind.RECEIVABLE)])
    return Grounds(capture=capture, payment=payment, escrows=escrows, payees=payees)


def _row(grounds: Grounds, sighting: DisputeSighting) -> Chargeback | None:
    """The row of this phase, made at its first sighting. A later phase ends the earlier ones; an earlier one that
    comes after a later one is old news."""
    rows = {row.phase: row for row in Chargeback.objects.filter(gateway_dispute_id=sighting.dispute_id)}
    if sighting.phase in rows:
        return lock(rows[sighting.phase])
    if any(PHASES.index(ChargebackPhase(phase)) > PHASES.index(ChargebackPhase(sighting.phase)) for phase in rows):
        return None
    for row in rows.values():
        if (earlier := lock(row)).is_live:
            _end(earlier, grounds, ChargebackStatus.CLOSED)
    chargeback = Chargeback.objects.create(
        gateway_dispute_id=sighting.dispute_id,
        phase=sighting.phase,
        capture=grounds.capture,
        amount=sighting.amount,
        reason_code=sighting.reason_code,
        respond_by=_moment(sighting.respond_by),
    )
    record_change(chargeback, action="open", by=None, role="system", reason=sighting.reason_code)
    if chargeback.moves_money:
        _hold(chargeback, grounds)
    _announce(chargeback, grounds)
    return chargeback


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _hold(chargeback: Chargeback, grounds: Grounds) -> None:
    """Hold of each payee's wallet what a loss could take from it; withdrawals not sent are called back for it.

    What is in escrow or promised back is held where it is.
    """
    left = chargeback.amount - grounds.held - sum(refund.amount for refund in grounds.unsent_refunds())
    for escrow in grounds.released():
        amount = min(left, returnable_of(escrow))
        if amount <= 0:
            continue
        left -= amount
        hold_wallet(
            user_id=escrow.payee_id,
            amount=amount,
            reason="chargeback",
            reference=wallet_hold_of(chargeback.pk, escrow.pk),
        )
        missing = amount - balance_of(AccountKind.WALLET, escrow.payee_id)
        if missing > 0:
            call_back_unsent(escrow.payee_id, missing, reason="The bank of a payer disputes a payment.")


def _keep(chargeback: Chargeback, sighting: DisputeSighting) -> None:
    """Facts that may come with any sighting."""
    chargeback.has_evidence = chargeback.has_evidence or sighting.has_evidence
    chargeback.respond_by = _moment(sighting.respond_by) or chargeback.respond_by
    note_look(chargeback)
    chargeback.save(update_fields=["has_evidence", "respond_by", "look_at", "looks"])


def _follow(chargeback: Chargeback, grounds: Grounds, sighting: DisputeSighting) -> None:
    if chargeback.moves_money:
        _take(chargeback, sighting.amount_deducted)
    elif sighting.amount_deducted:  # booked nowhere: the reconciliation lists it until a person has cleared it up
        log.critical(
            "dispute_takes_without_a_claim",
            dispute_id=chargeback.gateway_dispute_id,
            phase=chargeback.phase,
            amount=sighting.amount_deducted,
        )
    said = ChargebackStatus(sighting.status)
    if said == ChargebackStatus.UNDER_REVIEW and chargeback.status == ChargebackStatus.OPEN:
        advance(chargeback, "review", by=None, role="system", changes={"looks": 0})
        _announce(chargeback, grounds)
    elif said in ENDS:
        _end(chargeback, grounds, said)


def _take(chargeback: Chargeback, amount: int) -> None:
    """Book what the bank has taken, once."""
    if not amount or chargeback.taken:
        if amount and amount != chargeback.taken:
            log.critical("chargeback_taken_differs", chargeback_id=str(chargeback.pk), theirs=amount)
        return
    chargeback.taken, chargeback.taken_at = amount, now()
    chargeback.save(update_fields=["taken", "taken_at"])
    post(
        key=f"cb:{chargeback.gateway_dispute_id}:{chargeback.phase}:taken",
        kind=TransferKind.CHARGEBACK,
        reference=chargeback.pk,
        entries=[debit(AccountKind.CHARGEBACK, amount, chargeback.pk), credit(AccountKind.GATEWAY, amount)],
    )


def _end(chargeback: Chargeback, grounds: Grounds, status: ChargebackStatus) -> None:
    """Won or closed: what was taken comes back. Lost: somebody bears it. Then everything held goes on."""
    emptied: list[UUID] = []
    changes: dict[str, object] = {"ended_at": now(), "look_at": None}
    if status == ChargebackStatus.LOST and chargeback.moves_money:
        _take(chargeback, chargeback.taken or chargeback.amount)
        borne = bear_loss(chargeback, grounds)
        emptied = borne.emptied
        changes |= borne.shares
    elif chargeback.taken:
        _give_back(chargeback)
    advance(chargeback, ENDS[status], by=None, role="system", changes=changes)
    if chargeback.moves_money:
        for escrow in grounds.escrows:
            release_wallet_hold(reference=wallet_hold_of(chargeback.pk, escrow.pk))
        take_up_refunds(chargeback.capture)
    _announce(chargeback, grounds, emptied)


def _give_back(chargeback: Chargeback) -> None:
    post(
        key=f"cb:{chargeback.gateway_dispute_id}:{chargeback.phase}:back",
        kind=TransferKind.CHARGEBACK,
        reference=chargeback.pk,
        entries=[
            debit(AccountKind.GATEWAY, chargeback.taken),
            credit(AccountKind.CHARGEBACK, chargeback.taken, chargeback.pk),
        ],
    )


def _announce(chargeback: Chargeback, grounds: Grounds, emptied: list[UUID] | None = None) -> None:
    publish(
        ChargebackMoved(
            chargeback_id=chargeback.pk,
            payment_id=grounds.payment.pk if grounds.payment else None,
            references=[escrow.reference for escrow in grounds.escrows],
            payer_id=grounds.payment.payer_id if grounds.payment else None,
            payee_ids=grounds.payees,
            amount=chargeback.amount,
            phase=chargeback.phase,
            status=chargeback.status,
            moves_money=chargeback.moves_money,
            emptied=emptied or [],
        )
    )


def chargebacks_due() -> list[str]:
    """Open disputes whose time to look has come, by the gateway's id."""
    due = Chargeback.objects.filter(look_at__lte=Now(), status__in=LIVE)
    return list(dict.fromkeys(due.order_by("look_at").values_list("gateway_dispute_id", flat=True)[:100]))
