"""Printing issued documents: the same rows give the same bytes for ever."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from khidma.kernel.money import rupees
from payments.models import Invoice, InvoiceKind

LAYOUTS = Path(__file__).parent
FONTS = ("fontpkg_noto_sans", "fontpkg_noto_sans_devanagari")


@cache
def font_folders() -> list[str]:
    """Where the fonts of the installed packages are; those of the machine are not used."""
    found = [find_spec(package) for package in FONTS]
    return [str(Path(spec.origin).parent / "files") for spec in found if spec and spec.origin]


def print_invoices(invoices: Sequence[Invoice], *, as_picture: bool = False) -> bytes:
    """These documents as one PDF, each on its own page (or one document as PNG, to look at)."""
    import typst  # the engine takes long to load, and few processes ever print

    version = max(invoice.template for invoice in invoices)
    issued = max(invoice.issued_on for invoice in invoices)
    with override("en"):
        shown = json.dumps([as_shown(invoice) for invoice in invoices], ensure_ascii=False)
    printed: bytes = typst.compile(
        str(LAYOUTS / f"invoice-{version}.typ"),
        root=str(LAYOUTS),
        font_paths=font_folders(),
        ignore_system_fonts=True,
        format="png" if as_picture else "pdf",
        ppi=110.0,
        sys_inputs={"documents": shown},
        timestamp=int(datetime.combine(issued, time(), UTC).timestamp()),
    )
    return printed


def as_shown(invoice: Invoice) -> dict[str, Any]:
    """What one document says, as texts in the order in which they are read."""
    facts = invoice.content
    about_commission = invoice.kind in (InvoiceKind.COMMISSION, InvoiceKind.COMMISSION_CREDIT)
    platform, payee, payer = _platform(facts), _payee(facts, invoice.payee_gstin), _person(facts["payer"])
    supplier = platform if about_commission or invoice.kind == InvoiceKind.SUPPLY else payee
    return {
        "title": str(InvoiceKind(invoice.kind).label),
        "number": invoice.number,
        "issued_on": f"{invoice.issued_on:%d %b %Y}",
        "issuer": platform,
        "supplier": supplier,
        "recipient": payee if about_commission else payer,
        "facts": _facts(invoice),
        "lines": [
            {"text": _description(line["what"], facts), "sac": _sac(invoice), "amount": rupees(line["amount"])}
            for line in facts["lines"]
        ],
        "taxes": [
            {"name": f"{tax['name']} {tax['basis_points'] / 100:g} %", "amount": rupees(tax["amount"])}
            for tax in facts["taxes"]
        ],
        "total": rupees(facts["total"]),
        "notes": _notes(invoice),
    }


def _sac(invoice: Invoice) -> str:
    return "" if invoice.kind in (InvoiceKind.RECEIPT, InvoiceKind.WORK_CREDIT) else invoice.content["sac"]


def _platform(facts: dict[str, Any]) -> dict[str, str]:
    platform = facts["platform"]
    return {
        "name": platform["name"],
        "address": platform["address"],
        "gstin": platform["gstin"] or _("not registered"),
        "state": _state(platform["state"]),
    }


def _payee(facts: dict[str, Any], gstin: str | None) -> dict[str, str]:
    return {**_person(facts["payee"]), "gstin": gstin or _("not registered")}


def _person(person: dict[str, Any]) -> dict[str, str]:
    return {
        "name": person["name"] or person["id"],
        "address": "",
        "gstin": "",
        "state": _state(person["state"]) if person["state"] else "",
    }


def _state(state: dict[str, str]) -> str:
    return f"{state['name']} ({state['code']})"


def _facts(invoice: Invoice) -> list[list[str]]:
    facts = invoice.content
    shown = [[_("Order"), facts["reference"]], [_("Place of supply"), _state(facts["place"])]]
    if facts["corrects"]:
        shown.append([_("Corrects"), facts["corrects"]])
    if invoice.kind in (InvoiceKind.RECEIPT, InvoiceKind.SUPPLY):
        shown.append([_("Paid into escrow"), rupees(facts["paid"])])
        shown.append([_("Returned to you"), rupees(facts["refunded"])])
    return shown


def _description(what: str, facts: dict[str, Any]) -> str:
    title = facts["title"] or facts["reference"]
    if what == "commission":
        return _("Commission of the marketplace for “%(title)s”") % {"title": title}
    return _("“%(title)s”") % {"title": title}


def _notes(invoice: Invoice) -> list[str]:
    facts = invoice.content
    notes = []
    if invoice.kind == InvoiceKind.RECEIPT:
        notes.append(
            _("Issued by %(platform)s for the supplier named above.") % {"platform": facts["platform"]["name"]}
        )
        if facts["payee_is_registered"]:
            notes.append(
                _("The supplier is registered for GST: the price has the tax inside, and the invoice is theirs.")
            )
        else:
            notes.append(_("The supplier is not registered for GST; no tax is charged."))
    if invoice.kind == InvoiceKind.SUPPLY:
        notes.append(_("The operator pays the tax on this supply: section 9(5) of the CGST Act."))
    if not facts["platform"]["gstin"]:
        notes.append(_("The operator's GSTIN has not been set."))
    return [*notes, _("Made by a computer; valid without a signature.")]
