"""Tests of invoices, receipts and credit notes: their numbers, what they say, and that they stay."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator
from khidma.kernel.errors import Invalid
from khidma.kernel.runtime import change
from khidma.tests.races import at_once
from payments import services
from payments.documents.printing import as_shown, print_invoices
from payments.models import Escrow, Invoice, InvoiceNumber
from payments.runtime import InvoiceSettings
from payments.selectors import escrow_of
from payments.tests.factories import make_funded_escrow
from payments.tests.test_taxes import GSTIN, declare

OURS = "27AAPFU0939F1ZV"


def decide(payee_gross: int = 100_000, amount: int = 100_000, payee: User | None = None) -> Escrow:
    escrow = make_funded_escrow(amount, payer=make_client(name="आशा राव"), payee=payee or make_doer(name="रवि कुमार"))
    services.settle_escrow(reference=escrow.reference, payee_gross=payee_gross, reason="approved")
    return escrow_of(escrow.reference)


def documents(escrow: Escrow) -> dict[str, Invoice]:
    return {invoice.kind: invoice for invoice in Invoice.objects.filter(escrow=escrow).order_by("id")}


@pytest.mark.django_db
def test_a_decision_gives_the_payee_an_invoice_and_the_payer_a_receipt() -> None:
    change(InvoiceSettings, {"gstin": OURS, "state": "27"})
    escrow = decide(payee_gross=75_000)
    made = documents(escrow)
    assert list(made) == ["commission", "receipt"]
    commission, receipt = made["commission"], made["receipt"]
    assert (commission.recipient_id, receipt.recipient_id) == (escrow.payee_id, escrow.payer_id)
    assert [number.split("/")[0] for number in (commission.number, receipt.number)] == ["C", "R"]
    assert commission.content["taxes"] == [
        {"name": "CGST", "basis_points": 900, "amount": 675},
        {"name": "SGST", "basis_points": 900, "amount": 675},
    ]
    assert commission.content["total"] == 7_500 + 1_350 == (escrow.platform_fee or 0) + (escrow.gst or 0)
    assert (receipt.content["total"], receipt.content["paid"], receipt.content["refunded"]) == (75_000, 100_000, 25_000)
    assert len(commission.number) <= 16


@pytest.mark.django_db
def test_a_registered_payee_of_another_state_gets_igst_and_both_numbers() -> None:
    change(InvoiceSettings, {"gstin": OURS, "state": "27"})
    doer = make_doer()
    declare(doer, "other", GSTIN)
    made = documents(decide(payee=doer))
    commission = as_shown(made["commission"])
    assert (commission["supplier"]["gstin"], commission["recipient"]["gstin"]) == (OURS, GSTIN)
    assert commission["taxes"] == [{"name": "IGST 18 %", "amount": "₹18.00"}]
    assert as_shown(made["receipt"])["supplier"]["gstin"] == GSTIN
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(i::text, '') FROM payments_invoice i")
        assert GSTIN not in cursor.fetchone()[0]


@pytest.mark.django_db
def test_all_sent_back_leaves_a_receipt_alone() -> None:
    made = documents(decide(payee_gross=0))
    assert list(made) == ["receipt"]
    assert (made["receipt"].content["total"], made["receipt"].content["refunded"]) == (0, 100_000)


@pytest.mark.django_db
def test_a_return_is_followed_by_credit_notes() -> None:
    escrow = decide()
    services.return_after_release(
        reference=escrow.reference, amount=50_000, operator=make_operator("finance"), reason="Poor work."
    )
    made = documents(escrow)
    assert list(made) == ["commission", "receipt", "commission_credit", "work_credit"]
    commission, work = made["commission_credit"], made["work_credit"]
    assert (commission.content["total"], work.content["total"]) == (5_900, 50_000)
    assert (commission.content["corrects"], work.content["corrects"]) == (
        made["commission"].number,
        made["receipt"].number,
    )
    assert (commission.recipient_id, work.recipient_id) == (escrow.payee_id, escrow.payer_id)


@pytest.mark.django_db
def test_the_same_row_gives_the_same_bytes_whatever_the_settings_say() -> None:
    invoice = documents(decide())["commission"]
    first = print_invoices([invoice])
    change(InvoiceSettings, {"legal_name": "Another Name", "address": "Elsewhere"})
    User.objects.update(name="Somebody Else")
    assert print_invoices([Invoice.objects.get(pk=invoice.pk)]) == first
    assert first.startswith(b"%PDF-")


@pytest.mark.django_db
def test_finance_prints_documents_in_the_admin() -> None:
    chosen = [str(invoice.pk) for invoice in documents(decide()).values()]
    form = {"action": "print_them", "_selected_action": chosen}
    for group, is_printed in (("finance", True), ("support", False)):
        browser = Client()
        browser.force_login(make_operator(group))
        answer = browser.post("/admin/payments/invoice/", form)
        assert answer.content.startswith(b"%PDF-") == is_printed


@pytest.mark.django_db
def test_names_are_printed_as_they_are_and_run_nothing() -> None:
    doer = make_doer(name='#panic("x") $a$ *b* <c> @d')
    invoice = documents(decide(payee=doer))["commission"]
    assert as_shown(invoice)["recipient"]["name"] == doer.name
    assert print_invoices([invoice]).startswith(b"%PDF-")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_invoice SET number = 'X'",
        "DELETE FROM payments_invoice",
        "UPDATE payments_invoicenumber SET last = last + 2",
        "UPDATE payments_invoicenumber SET last = last - 1",
        "DELETE FROM payments_invoicenumber",
    ],
)
def test_the_database_keeps_documents_and_numbers(statement: str) -> None:
    decide()
    before = list(Invoice.objects.order_by("pk").values()), list(InvoiceNumber.objects.order_by("pk").values())
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    after = list(Invoice.objects.order_by("pk").values()), list(InvoiceNumber.objects.order_by("pk").values())
    assert after == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", [{"gstin": "29AAGCB7383J1Z5"}, {"state": "25"}, {"legal_name": ""}, {"work_sac": "1"}]
)
def test_settings_that_no_invoice_could_show_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        change(InvoiceSettings, wrong)
    assert list(refusal.value.details) == list(wrong)


class Undone(Exception):
    pass


def settle_and_fail(escrow: Escrow) -> None:
    with transaction.atomic():
        services.settle_escrow(reference=escrow.reference, payee_gross=100_000, reason="x")
        raise Undone


@pytest.mark.usefixtures("committed_db")
def test_fifty_decisions_at_once_get_fifty_numbers_without_a_gap() -> None:
    payer, payees = make_client(), [make_doer() for _ in range(5)]
    escrows = [make_funded_escrow(100_000, payer=payer, payee=payees[number % 5]) for number in range(60)]
    lost, kept = escrows[:10], escrows[10:]
    calls: list[Callable[[], Any]] = [partial(settle_and_fail, escrow) for escrow in lost]
    calls += [partial(services.settle_escrow, reference=row.reference, payee_gross=100_000, reason="x") for row in kept]
    outcomes: list[Any] = []
    for start in range(5):
        outcomes += at_once(*calls[start::5])
    assert [outcome for outcome in outcomes if not isinstance(outcome, Undone | services.Settlement)] == []
    assert Counter(type(outcome) for outcome in outcomes) == {Undone: 10, services.Settlement: 50}
    for series in ("C", "R"):
        numbers = list(Invoice.objects.filter(series=series).order_by("sequence").values_list("sequence", flat=True))
        assert numbers == list(range(1, 51))
        assert InvoiceNumber.objects.get(series=series).last == 50
