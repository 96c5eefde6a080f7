"""Taxes: withheld by the law of the day, rates proposed and confirmed, and what a payee says about tax."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.clock import now
from khidma.kernel.errors import Invalid
from khidma.kernel.sealing import seal
from payments.errors import TaxRateExists, TaxRateNeedsAnother, TaxRateStarted
from payments.gst import STATES, is_gstin
from payments.models import Escrow, PanStatus, TaxProfile, TaxRate
from payments.selectors.shares import Shares, commission_on, divide_gross
from payments.selectors.taxes import financial_year, rates_on, taxpayers, today

ADD_TO_YEAR = """
    INSERT INTO payments_taxyear (user_id, starts_on, gross) VALUES (%s, %s, %s)
    ON CONFLICT (user_id, starts_on) DO UPDATE SET gross = payments_taxyear.gross + EXCLUDED.gross
    RETURNING gross
"""


def withhold(escrow: Escrow, *, payee_gross: int) -> Shares:
    """The shares of what is now decided for the payee, and the payee's year with it.

    The row of the year stays locked until the end of the transaction, so of two decisions at once the second sees the
    first one's gross.
    """
    day = today()
    payer = taxpayers([escrow.payee_id], day=day)[escrow.payee_id]
    if payee_gross:
        after = _add_to_year(escrow.payee_id, day, payee_gross)
        payer = replace(payer, gross=after - payee_gross)
    return divide_gross(
        gross=payee_gross,
        commission=commission_on(escrow, payee_gross),
        rates=rates_on(day),
        payer=payer,
        supply_class=escrow.supply_class,
    )


def _add_to_year(user_id: UUID, day: date, gross: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(ADD_TO_YEAR, [user_id, financial_year(day), gross])
        return int(cursor.fetchone()[0])


@transaction.atomic
def set_tax_profile(*, user: User, pan_status: str, state: str, gstin: str | None = None) -> TaxProfile:
    """What this payee says about tax, from the next decision on. Decisions that were made stay as they are.

    :raises Invalid: a GSTIN that is none, of another state, or without a PAN; an unknown state.
    """
    gstin = (gstin or "").strip().upper()
    _require_fitting(pan_status, state, gstin)
    profile, _made = TaxProfile.objects.select_for_update().get_or_create(
        user=user, defaults={"pan_status": pan_status, "state": state, "updated_at": now()}
    )
    profile.pan_status, profile.state, profile.updated_at = pan_status, state, now()
    profile.sealed_gstin = seal(gstin, binding=profile.sealing_binding) if gstin else ""
    profile.save()
    return profile


def _require_fitting(pan_status: str, state: str, gstin: str) -> None:
    wrong = {}
    if pan_status not in PanStatus.values:
        wrong["panStatus"] = [_("This value is not allowed.")]
    if state not in STATES:
        wrong["state"] = [_("This is no state's code.")]
    if gstin and not is_gstin(gstin):
        wrong["gstin"] = [_("This is no GSTIN.")]
    elif gstin and gstin[:2] != state:
        wrong["gstin"] = [_("This GSTIN is of another state.")]
    elif gstin and pan_status == PanStatus.NONE:
        wrong["panStatus"] = [_("Whoever has a GSTIN has a PAN.")]
    if wrong:
        raise Invalid(details=wrong)


@transaction.atomic
def propose_tax_rate(
    *,
    kind: str,
    basis_points: int,
    starts_on: date,
    law: str,
    operator: User,
    supply_class: str = "",
    threshold: int | None = None,
) -> TaxRate:
    """A rate from a day to come; it counts once another operator has confirmed it before that day.

    :raises TaxRateStarted: the day is not to come.
    :raises TaxRateExists: there is one of this kind for that day.
    """
    if starts_on <= today():
        raise TaxRateStarted
    try:
        with transaction.atomic():
            rate = TaxRate.objects.create(
                kind=kind,
                supply_class=supply_class,
                basis_points=basis_points,
                threshold=threshold,
                starts_on=starts_on,
                law=law,
                proposed_by=operator,
            )
    except IntegrityError as error:
        if "payments_tax_rate_once" in str(error):
            raise TaxRateExists from error
        raise
    _record(rate, "tax_rate.propose", operator)
    return rate


@transaction.atomic
def confirm_tax_rate(*, rate: TaxRate, operator: User) -> TaxRate:
    """Confirm what another proposed, or what the house came with. Confirming twice changes nothing.

    :raises TaxRateNeedsAnother: it is the operator's own.
    :raises TaxRateStarted: it was not confirmed in time; propose it anew.
    """
    rate = TaxRate.objects.select_for_update(of=("self",)).get(pk=rate.pk)
    if rate.confirmed_by_id is not None:
        return rate
    if rate.proposed_by_id == operator.pk:
        raise TaxRateNeedsAnother
    if rate.proposed_by_id is not None and rate.starts_on <= today():
        raise TaxRateStarted
    rate.confirmed_by, rate.confirmed_at = operator, now()
    rate.save(update_fields=["confirmed_by", "confirmed_at"])
    _record(rate, "tax_rate.confirm", operator)
    return rate


@transaction.atomic
def withdraw_tax_rate(*, rate: TaxRate, operator: User) -> None:
    """Take a rate back that has not begun. :raises TaxRateStarted: it has."""
    rate = TaxRate.objects.select_for_update(of=("self",)).get(pk=rate.pk)
    if rate.starts_on <= today():
        raise TaxRateStarted
    _record(rate, "tax_rate.withdraw", operator)
    rate.delete()


def _record(rate: TaxRate, action: str, operator: User) -> None:
    record_act(
        actor_id=operator.pk,
        action=action,
        target_type="tax_rate",
        target_id=rate.pk,
        after={
            "kind": rate.kind,
            "supply_class": rate.supply_class,
            "basis_points": rate.basis_points,
            "threshold": rate.threshold,
            "starts_on": rate.starts_on.isoformat(),
            "law": rate.law,
        },
    )
