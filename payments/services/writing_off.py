"""Debts that nobody will pay: written off after half a year, by two operators."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from khidma.kernel.clock import Now
from payments.errors import DebtTooYoung
from payments.models import AccountKind, Entry, SecondPersonAct, TransferKind
from payments.services.locking import balance_of, lock_accounts
from payments.services.posting import credit, debit, post
from payments.services.second_person import ask_for_act, carries_out

WRITE_OFF = "write_off"
OLD_AFTER = timedelta(days=180)


def old_debt_of(user_id: UUID) -> int:
    """What the user owes and has owed for half a year, in paise: payments on it count for the oldest part first."""
    younger = Entry.objects.filter(
        account__kind=AccountKind.RECEIVABLE,
        account__owner_id=user_id,
        amount__gt=0,
        transfer__at__gt=Now() - OLD_AFTER,
    )
    return max(0, balance_of(AccountKind.RECEIVABLE, user_id) - (younger.aggregate(total=Sum("amount"))["total"] or 0))


@transaction.atomic
def ask_write_off(*, user: User, operator: User, reason: str) -> SecondPersonAct:
    """Ask that another operator confirms: what this user has owed for half a year is a loss.

    :raises DebtTooYoung: nothing is that old.
    :raises AlreadyAsked: it is asked for already.
    """
    amount = old_debt_of(user.pk)
    if not amount:
        raise DebtTooYoung
    return ask_for_act(kind=WRITE_OFF, subject_id=user.pk, amount=amount, reason=reason, operator=operator)


@carries_out(WRITE_OFF)
def write_off(act: SecondPersonAct) -> None:
    """Book the loss. :raises DebtTooYoung: less is owed by now than was asked for."""
    lock_accounts([(AccountKind.RECEIVABLE, act.subject_id)])
    if old_debt_of(act.subject_id) < act.amount:
        raise DebtTooYoung
    post(
        key=f"writeoff:{act.pk}",
        kind=TransferKind.WRITE_OFF,
        reference=act.subject_id,
        note=act.reason[:200],
        entries=[debit(AccountKind.LOSS, act.amount), credit(AccountKind.RECEIVABLE, act.amount, act.subject_id)],
    )
