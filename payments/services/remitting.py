"""Remitting taxes: the tax accounts against the bank, less what may be set off; large ones by two operators."""

from uuid import NAMESPACE_URL, uuid5

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.errors import Invalid
from payments.errors import ChallanUsed, TaxNotOwed
from payments.models import AccountKind, Remittance, SecondPersonAct, TransferKind
from payments.services.locking import lock_accounts
from payments.services.posting import credit, debit, post
from payments.services.second_person import ask_for_act, carries_out, needs_second_person, require_finance

ACCOUNTS = {
    "gst": AccountKind.GST_PAYABLE,
    "tds": AccountKind.TDS_PAYABLE,
    "tcs": AccountKind.TCS_PAYABLE,
    "supply_gst": AccountKind.SUPPLY_GST_PAYABLE,
}
ACT = "tax.remit"


@transaction.atomic
def remit_tax(
    *,
    challan: str,
    operator: User,
    reason: str,
    gst: int = 0,
    tds: int = 0,
    tcs: int = 0,
    supply_gst: int = 0,
    set_off: int = 0,
) -> Remittance | SecondPersonAct:
    """Book a challan, or ask a second operator for it where it is too much for one.

    Input credit is set off against the GST on commissions only: what is owed under section 9(5) is paid in cash.
    :raises Invalid: nothing to remit, or more set off than there is GST.
    :raises ChallanUsed: this challan is booked, or asked for.
    :raises TaxNotOwed: more than the tax account holds, or more set off than was paid.
    """
    require_finance(operator)
    amounts = {"gst": gst, "tds": tds, "tcs": tcs, "supply_gst": supply_gst}
    _require_sane(challan, amounts, set_off)
    if Remittance.objects.filter(challan=challan).exists():
        raise ChallanUsed
    content = {"challan": challan, **amounts, "set_off": set_off}
    if needs_second_person(sum(amounts.values())):
        return ask_for_act(
            kind=ACT,
            subject_id=uuid5(NAMESPACE_URL, f"challan:{challan}"),
            amount=sum(amounts.values()),
            reason=reason,
            operator=operator,
            content=content,
        )
    return _remit(Remittance(**content, reason=reason, by=operator))


@carries_out(ACT)
def remit_confirmed(act: SecondPersonAct) -> None:
    """Book what two operators stand behind."""
    _remit(Remittance(**act.content, reason=act.reason, by=act.asked_by, confirmed_by=act.decided_by))


def _require_sane(challan: str, amounts: dict[str, int], set_off: int) -> None:
    wrong = {name: [_("Must not be negative.")] for name, amount in amounts.items() if amount < 0}
    if not challan.strip() or len(challan) > 40:
        wrong["challan"] = [_("From 1 to 40 characters.")]
    if not any(amounts.values()):
        wrong["gst"] = [_("There is nothing to remit.")]
    if not 0 <= set_off <= amounts["gst"]:
        wrong["setOff"] = [_("At most the GST on commissions.")]
    if wrong:
        raise Invalid(details=wrong)


def _remit(remittance: Remittance) -> Remittance:
    try:
        with transaction.atomic():
            remittance.save(force_insert=True)
    except IntegrityError as error:
        if "challan" in str(error):
            raise ChallanUsed from error
        raise
    _require_owed(remittance)
    lines = [debit(account, getattr(remittance, name)) for name, account in ACCOUNTS.items()]
    post(
        key=f"remit:{remittance.challan}",
        kind=TransferKind.REMIT,
        reference=remittance.pk,
        entries=[
            *lines,
            credit(AccountKind.BANK, remittance.amount - remittance.set_off),
            credit(AccountKind.GST_INPUT, remittance.set_off),
        ],
        note=remittance.reason[:200],
    )
    record_act(
        actor_id=remittance.by_id,
        action=ACT,
        target_type="remittance",
        target_id=remittance.pk,
        reason=remittance.reason,
        after={name: getattr(remittance, name) for name in ("challan", *ACCOUNTS, "set_off")},
    )
    return remittance


def _require_owed(remittance: Remittance) -> None:
    """The platform's accounts may pass zero, so what is owed is looked at under their locks, and held to by people."""
    asked = {account: getattr(remittance, name) for name, account in ACCOUNTS.items()}
    asked[AccountKind.GST_INPUT] = remittance.set_off
    held = lock_accounts([(account, None) for account in (AccountKind.BANK, *asked)])
    short = {str(account): held[account, None] for account, amount in asked.items() if amount > held[account, None]}
    if short:
        raise TaxNotOwed(details=short)
