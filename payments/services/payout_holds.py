"""Withdrawals that wait for operators: held over the threshold or by hand, and let go by two people."""

from django.db import transaction

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from payments.errors import PayoutAlreadySent, PayoutNotHeld, SamePerson
from payments.events import PayoutHeld, PayoutRequested
from payments.models import Payout, PayoutHold
from payments.states import PayoutStatus

OVER_THRESHOLD = "The amount is over the threshold."


def queue_payout(payout: Payout, *, by: User | None, role: str) -> Payout:
    """Let a withdrawal be sent. The caller holds its lock, or has just made it."""
    advance(payout, "queue", by=by, role=role, changes={"look_at": now()})
    publish(PayoutRequested(payout_id=payout.pk, user_id=payout.user_id, amount=payout.amount))
    return payout


def hold_over_threshold(payout: Payout) -> Payout:
    """Hold a withdrawal that was just asked for, until two operators have approved it."""
    return _hold(payout, operator=None, reason=OVER_THRESHOLD)


@transaction.atomic
def hold_payout(*, payout: Payout, operator: User, reason: str) -> Payout:
    """Stop a withdrawal that was not sent yet; another operator may let it go.

    :raises PayoutAlreadySent: it was.
    :raises InvalidTransition: it is held, or has ended.
    """
    payout = lock(payout)
    if payout.sent_at is not None:
        raise PayoutAlreadySent(details={"status": payout.status})
    _record(payout, "hold_payout", operator, reason, before=payout.status)
    return _hold(payout, operator=operator, reason=reason)


@transaction.atomic
def approve_payout(*, payout: Payout, operator: User, reason: str = "") -> Payout:
    """Approve a held withdrawal: it is sent, or, where the threshold held it, waits for a second operator.

    :raises PayoutNotHeld: nobody waits for an approval.
    :raises SamePerson: the operator has held it, approved it before, or gets it.
    """
    payout = lock(payout)
    hold = _live_hold(payout)
    if payout.status != PayoutStatus.HELD or hold is None:
        raise PayoutNotHeld(details={"status": payout.status})
    if operator.pk in {hold.held_by_id, hold.approved_by_id, payout.user_id}:
        raise SamePerson
    if hold.held_by_id is None and hold.approved_by_id is None:
        _record(payout, "approve_payout", operator, reason, before=payout.status)
        PayoutHold.objects.filter(pk=hold.pk).update(approved_by=operator, approved_at=Now())
        return payout
    _record(payout, "release_payout", operator, reason, before=payout.status)
    PayoutHold.objects.filter(pk=hold.pk).update(released_by=operator, ended_at=Now())
    return queue_payout(payout, by=operator, role="operator")


def end_hold(payout: Payout) -> None:
    """A held withdrawal that is called back waits for nobody any more."""
    PayoutHold.objects.filter(payout=payout, ended_at=None).update(ended_at=Now())


def _hold(payout: Payout, *, operator: User | None, reason: str) -> Payout:
    role = "operator" if operator else "system"
    advance(payout, "hold", by=operator, role=role, reason=reason, changes={"look_at": None})
    PayoutHold.objects.create(payout=payout, held_by=operator, reason=reason[:500])
    publish(PayoutHeld(payout_id=payout.pk, user_id=payout.user_id, amount=payout.amount))
    return payout


def _live_hold(payout: Payout) -> PayoutHold | None:
    return PayoutHold.objects.filter(payout=payout, ended_at=None).first()


def _record(payout: Payout, action: str, operator: User, reason: str, *, before: str) -> None:
    record_act(
        actor_id=operator.pk,
        action=action,
        target_type="payout",
        target_id=payout.pk,
        reason=reason,
        before={"status": before},
        after={"amount": payout.amount, "user_id": str(payout.user_id)},
    )
