"""Documents for what was decided and what went back: numbered and frozen in the transaction that moves the money."""

from datetime import date
from typing import Any

from django.db import connection

from accounts.models import User
from khidma.kernel.clock import now
from khidma.kernel.ids import new_id
from khidma.kernel.money import divide, split
from khidma.kernel.sealing import seal
from payments.gst import STATES
from payments.models import Escrow, Invoice, InvoiceKind, Return, TaxProfile
from payments.models.invoicing import SERIES
from payments.runtime import InvoiceSettings
from payments.selectors.taxes import day_of, financial_year, get_tax_profile_for, rates_on, today

NEXT_NUMBERS = """
    INSERT INTO payments_invoicenumber (series, starts_on, last)
    SELECT series, %s, 1 FROM unnest(%s::text[]) AS wanted(series) ORDER BY series
    ON CONFLICT (series, starts_on) DO UPDATE SET last = payments_invoicenumber.last + 1
    RETURNING series, last
"""


def draft_invoices(escrow: Escrow) -> list[Invoice]:
    """The documents of a decision, without numbers: to the payer for the work, to the payee for the commission.

    They are written before the money is posted, as the accounts that everybody shares are locked from then on.
    """
    profile = get_tax_profile_for(escrow.payee_id)
    made = []
    if escrow.platform_fee:
        lines = [_line("commission", escrow.platform_fee)]
        made.append(_draft(InvoiceKind.COMMISSION, escrow, profile, lines=lines, gst=escrow.gst or 0))
    gst = escrow.supply_gst or 0
    lines = [_line("work", (escrow.payee_gross or 0) - gst)]
    made.append(_draft(InvoiceKind.SUPPLY if gst else InvoiceKind.RECEIPT, escrow, profile, lines=lines, gst=gst))
    return made


def issue_credit_notes(returned: Return) -> list[Invoice]:
    """The documents that take back what a return undoes, numbered. Call this last in its transaction."""
    escrow = returned.escrow
    profile = get_tax_profile_for(escrow.payee_id)
    made = []
    if returned.platform_fee or returned.gst:
        lines = [_line("commission", returned.platform_fee)]
        made.append(
            _draft(InvoiceKind.COMMISSION_CREDIT, escrow, profile, lines=lines, gst=returned.gst, returned=returned)
        )
    gst = divide((escrow.supply_gst or 0) * returned.amount, escrow.payee_gross or 1)
    lines = [_line("work", returned.amount - gst)]
    made.append(_draft(InvoiceKind.WORK_CREDIT, escrow, profile, lines=lines, gst=gst, returned=returned))
    return issue(made)


def issue(drafts: list[Invoice]) -> list[Invoice]:
    """Number and freeze drafts of one day. Call this last in its transaction.

    The counters stay locked until it ends, one way or the other, which is why no number is ever lost.
    """
    year = drafts[0].starts_on
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBERS, [year, [draft.series for draft in drafts]])
        numbers = dict(cursor.fetchall())
    for draft in drafts:
        draft.sequence = numbers[draft.series]
        draft.number = _number(draft.series, year, draft.sequence)
    return Invoice.objects.bulk_create(drafts)


def _draft(
    kind: InvoiceKind,
    escrow: Escrow,
    profile: TaxProfile | None,
    *,
    lines: list[dict[str, Any]],
    gst: int,
    returned: Return | None = None,
) -> Invoice:
    day, rules = today(), InvoiceSettings.load()
    about_commission = kind in (InvoiceKind.COMMISSION, InvoiceKind.COMMISSION_CREDIT)
    # The platform's own state where the recipient's is unknown: IGST Act, section 12(2)(b)(ii).
    place = profile.state if profile and about_commission else rules.state
    invoice = Invoice(
        pk=new_id(),
        kind=kind,
        escrow=escrow,
        returned=returned,
        recipient=escrow.payee if about_commission else escrow.payer,
        series=SERIES[kind],
        starts_on=financial_year(day),
        issued_on=day,
        content={
            "platform": _platform(rules),
            "payee": _person(escrow.payee, profile.state if profile else None),
            "payer": _person(escrow.payer, None),
            "reference": str(escrow.whole),
            "title": escrow.title,
            "sac": rules.commission_sac if about_commission else rules.work_sac,
            "place": {"code": place, "name": STATES[place]},
            "lines": lines,
            "taxes": _taxes(gst, _rate(escrow, about_commission=about_commission), is_local=place == rules.state),
            "total": sum(line["amount"] for line in lines) + gst,
            "paid": escrow.amount,
            "refunded": escrow.refunded or 0,
            "payee_is_registered": bool(profile and profile.sealed_gstin),
            "corrects": _corrected(escrow, about_commission=about_commission) if returned else None,
        },
    )
    if profile and (gstin := profile.gstin):
        invoice.sealed_gstin = seal(gstin, binding=invoice.sealing_binding)
    return invoice


def _number(series: str, year: date, sequence: int) -> str:
    """At most 16 characters, as the CGST rules (46 b) want it: `C/26-27/000001`."""
    return f"{series}/{year.year % 100:02d}-{(year.year + 1) % 100:02d}/{sequence:06d}"


def _line(what: str, amount: int) -> dict[str, Any]:
    return {"what": what, "amount": amount}


def _rate(escrow: Escrow, *, about_commission: bool) -> int:
    """The rate of the day of the decision, in basis points."""
    rates = rates_on(day_of(escrow.decided_at or now()))
    return rates.gst if about_commission else rates.supply_rate(escrow.supply_class)


def _taxes(gst: int, rate: int, *, is_local: bool) -> list[dict[str, Any]]:
    """Half for the union and half for the state, or all for the union across a border."""
    if not gst:
        return []
    if not is_local:
        return [{"name": "IGST", "basis_points": rate, "amount": gst}]
    central, state = split(gst, [1, 1])
    return [
        {"name": "CGST", "basis_points": rate // 2, "amount": central},
        {"name": "SGST", "basis_points": rate - rate // 2, "amount": state},
    ]


def _platform(rules: InvoiceSettings) -> dict[str, Any]:
    return {
        "name": rules.legal_name,
        "address": rules.address,
        "gstin": rules.gstin,
        "state": {"code": rules.state, "name": STATES[rules.state]},
    }


def _person(user: User, state: str | None) -> dict[str, Any]:
    return {"id": str(user.pk), "name": user.name, "state": {"code": state, "name": STATES[state]} if state else None}


def _corrected(escrow: Escrow, *, about_commission: bool) -> str | None:
    """The number of the document that a credit note takes back; none for what was decided before there were any."""
    kinds = [InvoiceKind.COMMISSION] if about_commission else [InvoiceKind.RECEIPT, InvoiceKind.SUPPLY]
    return Invoice.objects.filter(escrow=escrow, kind__in=kinds).values_list("number", flat=True).first()
