"""The pages of the reconciliation: operators of finance act, others look or do not even see them."""

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import make_operator
from payments.models import BankLine, Difference, ReconciliationRun, SecondPersonAct, SuspenseItem
from payments.tests.factories import balance
from payments.tests.test_suspending import aside

pytestmark = pytest.mark.django_db
DIFFERENCES = "/admin/payments/difference/"


def admin_of(group: str) -> Client:
    client = Client()
    client.force_login(make_operator(group))
    return client


def make_difference() -> Difference:
    run = ReconciliationRun.objects.create(day=date(2026, 11, 21))
    return Difference.objects.create(
        subject="payment", side="only_theirs", reference="pay_1", amount=5, difference=-5, last_run=run
    )


def press(client: Client, page: str, action: str, row: Any, **fields: str) -> int:
    data = {"action": action, "_selected_action": str(row.pk), **fields}
    return client.post(page, data).status_code


def test_finance_assigns_explains_and_resolves() -> None:
    row, client, owner = make_difference(), admin_of("finance"), make_operator("finance")
    assert client.get(DIFFERENCES).status_code == 200
    press(client, DIFFERENCES, "assign", row, owner=str(owner.pk))
    row.refresh_from_db()
    assert row.owner == owner
    press(client, DIFFERENCES, "explain", row, reason="Late report")
    row.refresh_from_db()
    assert (row.status, row.note) == ("explained", "Late report")
    press(client, DIFFERENCES, "resolve", row)
    row.refresh_from_db()
    assert row.status == "explained"
    press(client, DIFFERENCES, "resolve", row, reason="Written off with Razorpay")
    row.refresh_from_db()
    assert row.status == "resolved"


@pytest.mark.parametrize("group", ["support", "trust"])
def test_others_change_nothing(group: str) -> None:
    row, client = make_difference(), admin_of(group)
    press(client, DIFFERENCES, "resolve", row, reason="x")
    row.refresh_from_db()
    assert row.status == "open"
    assert client.get(reverse("admin:payments_secondpersonact_move")).status_code in {302, 403, 404}


def test_a_statement_is_taken_in_as_a_file() -> None:
    client = admin_of("finance")
    assert client.get(reverse("admin:payments_bankline_bring")).status_code == 200
    text = b"date,utr,amount,description\n2026-11-20,ABC,10.50,RAZORPAY\n"
    for _ in range(2):
        client.post(reverse("admin:payments_bankline_bring"), {"file": SimpleUploadedFile("bank.csv", text)})
    assert list(BankLine.objects.values_list("utr", "amount")) == [("ABC", 1_050)]
    client.post(
        reverse("admin:payments_bankline_bring"), {"file": SimpleUploadedFile("bank.csv", b"\xff\xfe nonsense")}
    )
    assert BankLine.objects.count() == 1


def test_a_move_takes_two_operators() -> None:
    first, second = admin_of("finance"), admin_of("finance")
    assert first.get(reverse("admin:payments_secondpersonact_move")).status_code == 200
    wanted = {"move": "owner_puts_in", "utr": "UTR9", "amount": "1000.50", "reason": "Capital"}
    first.post(reverse("admin:payments_secondpersonact_move"), wanted)
    act = SecondPersonAct.objects.get()
    press(first, "/admin/payments/secondpersonact/", "confirm", act)
    assert balance("owner") == 0
    press(second, "/admin/payments/secondpersonact/", "confirm", act)
    assert balance("owner") == 100_050


def test_money_in_suspense_is_decided_by_a_button() -> None:
    item = aside()
    press(admin_of("finance"), "/admin/payments/suspenseitem/", "to_adjustment", item, reason="Nobody claims it")
    assert SuspenseItem.objects.get().status == "decided"
    assert (balance("suspense", item.pk), balance("adjustment")) == (0, 50_000)
