"""The two-person rule: one operator asks for an act, another confirms it, and only then is it carried out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import Forbidden
from khidma.kernel.states import advance, lock, record_change
from payments.errors import AlreadyAsked, SamePerson
from payments.models import SecondPersonAct
from payments.runtime import PaymentSettings
from payments.states import SecondPersonStatus

Effect = Callable[[SecondPersonAct], None]

_effects: dict[str, Effect] = {}


def carries_out(kind: str) -> Callable[[Effect], Effect]:
    """Name the function that does what an act of this kind asks for, in the transaction of its confirmation."""

    def register(effect: Effect) -> Effect:
        _effects[kind] = effect
        return effect

    return register


def needs_second_person(amount: int) -> bool:
    """Whether so many paise are more than one operator may decide alone."""
    return amount > PaymentSettings.load().second_person_above


def require_finance(operator: User) -> None:
    """:raises Forbidden: not an operator of finance."""
    if "finance" not in operator.operator_permissions:
        raise Forbidden


@transaction.atomic
def ask_for_act(
    *,
    kind: str,
    subject_id: UUID,
    amount: int,
    reason: str,
    operator: User,
    content: dict[str, Any] | None = None,
) -> SecondPersonAct:
    """Ask for an act of a kind that `carries_out` knows; nothing happens before another operator confirms it.

    :raises AlreadyAsked: the same is asked for and not decided.
    """
    require_finance(operator)
    if kind not in _effects:
        raise RuntimeError(f"Nothing carries out {kind}.")
    act = SecondPersonAct(
        kind=kind,
        subject_id=subject_id,
        amount=amount,
        reason=reason,
        asked_by=operator,
        content=content or {},
    )
    try:
        with transaction.atomic():
            act.save(force_insert=True)
    except IntegrityError as error:
        if "payments_second_person_one_open" in str(error):
            raise AlreadyAsked from error
        raise
    record_change(act, action="ask", by=operator, role="operator", reason=reason)
    _record(act, f"{kind}.ask", operator, reason)
    return act


@transaction.atomic
def confirm_act(*, act: SecondPersonAct, operator: User) -> SecondPersonAct:
    """Confirm what another operator asked for, and carry it out; both or neither.

    :raises SamePerson: who asked cannot confirm.
    :raises InvalidTransition: it was decided before.
    """
    require_finance(operator)
    act = lock(act)
    if act.asked_by_id == operator.pk:
        raise SamePerson
    advance(act, "confirm", by=operator, role="operator", changes={"decided_by": operator, "decided_at": now()})
    _record(act, f"{act.kind}.confirm", operator, act.reason)
    _effects[act.kind](act)
    return act


@transaction.atomic
def decline_act(*, act: SecondPersonAct, operator: User, reason: str) -> SecondPersonAct:
    """Do not do it: by a second operator, or by the first who thinks better of it.

    :raises InvalidTransition: it was decided before.
    """
    require_finance(operator)
    act = lock(act)
    changes = {"decided_by": operator, "decided_at": now()}
    advance(act, "decline", by=operator, role="operator", reason=reason, changes=changes)
    _record(act, f"{act.kind}.decline", operator, reason)
    return act


def lapse_acts() -> int:
    """End what nobody has confirmed in time; how many there were."""
    limit = timedelta(days=PaymentSettings.load().second_person_days)
    old = SecondPersonAct.objects.filter(status=SecondPersonStatus.ASKED, created_at__lt=Now() - limit)
    count = 0
    for found in old.values_list("pk", flat=True)[:100]:
        with transaction.atomic():
            act = lock(SecondPersonAct, found)
            if act.status == SecondPersonStatus.ASKED:
                advance(act, "lapse", by=None, role="system", changes={"decided_at": now()})
                count += 1
    return count


def _record(act: SecondPersonAct, action: str, operator: User, reason: str) -> None:
    record_act(
        actor_id=operator.pk,
        action=action[:60],
        target_type="second_person_act",
        target_id=act.pk,
        reason=reason,
        after={"subject_id": str(act.subject_id), "amount": act.amount, **act.content},
    )
