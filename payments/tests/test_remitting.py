"""Tests of taxes remitted: what is owed goes to the bank less what is set off, each challan once."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import make_doer, make_operator
from khidma.kernel.errors import Forbidden, Invalid
from khidma.kernel.models import AuditRecord
from khidma.kernel.runtime import change
from khidma.tests.races import at_once
from payments import services
from payments.errors import AlreadyAsked, ChallanUsed, TaxNotOwed
from payments.models import Remittance, SecondPersonAct, TaxProfile, TaxRate
from payments.runtime import PaymentSettings
from payments.selectors.taxes import today
from payments.tests.factories import balance, books, make_funded_escrow
from payments.tests.test_taxes import GSTIN, declare

CHALLAN = "0510308-2026"


@pytest.fixture
def owed() -> None:
    """₹18.00 of GST, ₹1.00 of TDS, ₹5.00 of TCS, and some GST that we paid to the gateway."""
    doer = make_doer()
    declare(doer, "other", GSTIN)
    escrow = make_funded_escrow(100_000, payee=doer)
    services.settle_escrow(reference=escrow.reference, payee_gross=100_000, reason="approved")


def remit(operator: User | None = None, **over: Any) -> Any:
    terms: dict[str, Any] = {"challan": CHALLAN, "gst": 1_800, "tds": 100, "tcs": 500, "set_off": 360}
    return services.remit_tax(
        **{**terms, "operator": operator or make_operator("finance"), "reason": "October", **over}
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("owed")
def test_what_is_owed_is_paid_from_the_bank_and_from_what_we_paid() -> None:
    assert balance("gst_input") == 360
    remittance = remit()
    left = [balance(kind) for kind in ("gst_payable", "tds_payable", "tcs_payable", "gst_input", "bank")]
    assert left == [0, 0, 0, 0, -(2_400 - 360)]
    assert (remittance.amount, remittance.confirmed_by) == (2_400, None)
    assert AuditRecord.objects.filter(action="tax.remit").count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("owed")
def test_a_challan_is_booked_once() -> None:
    remit(gst=800, set_off=0)
    before = books()
    with pytest.raises(ChallanUsed):
        remit(gst=1_000, tds=0, tcs=0, set_off=0)
    assert (books(), Remittance.objects.count()) == (before, 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("owed")
@pytest.mark.parametrize("over", [{"gst": 1_801}, {"tds": 101}, {"tcs": 501}, {"supply_gst": 1}, {"set_off": 361}])
def test_no_more_than_is_owed(over: dict[str, Any]) -> None:
    before = books()
    with pytest.raises(TaxNotOwed):
        remit(**over)
    assert (books(), Remittance.objects.exists()) == (before, False)


@pytest.mark.django_db
@pytest.mark.usefixtures("owed")
@pytest.mark.parametrize(
    "over",
    [
        {"gst": 0, "tds": 0, "tcs": 0, "set_off": 0},
        {"gst": 100, "set_off": 101},
        {"tds": -1},
        {"set_off": -1},
        {"challan": " "},
        {"challan": "x" * 41},
    ],
)
def test_nonsense_is_refused(over: dict[str, Any]) -> None:
    before = books()
    with pytest.raises(Invalid):
        remit(**over)
    assert (books(), Remittance.objects.exists()) == (before, False)


@pytest.mark.django_db
@pytest.mark.usefixtures("owed")
def test_a_large_one_takes_two_operators_of_finance() -> None:
    change(PaymentSettings, {"second_person_above": 2_399})
    before = books()
    with pytest.raises(Forbidden):
        remit(make_operator("support"))
    act = remit()
    assert isinstance(act, SecondPersonAct)
    with pytest.raises(AlreadyAsked):
        remit()
    assert books() == before
    second = make_operator("finance")
    services.confirm_act(act=act, operator=second)
    remittance = Remittance.objects.get()
    assert (remittance.by_id, remittance.confirmed_by_id, balance("bank")) == (act.asked_by_id, second.pk, -2_040)


@pytest.mark.usefixtures("committed_db")
def test_of_ten_at_once_one_is_booked() -> None:
    doer = make_doer()
    declare(doer, "other", GSTIN)
    escrow = make_funded_escrow(100_000, payee=doer)
    services.settle_escrow(reference=escrow.reference, payee_gross=100_000, reason="approved")
    operator = make_operator("finance")
    same = at_once(*[partial(remit, operator, gst=0, set_off=0) for _ in range(10)])
    assert Counter(type(result) for result in same) == {Remittance: 1, ChallanUsed: 9}
    others = at_once(*[partial(remit, operator, challan=str(n), tds=0, tcs=0, set_off=0) for n in range(10)])
    assert Counter(type(result) for result in others) == {Remittance: 1, TaxNotOwed: 9}
    assert (balance("gst_payable"), balance("bank")) == (0, -2_400)


def browser(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


@pytest.mark.django_db
@pytest.mark.usefixtures("owed")
def test_finance_books_a_challan_in_the_admin_and_nobody_else() -> None:
    form = {"challan": CHALLAN, "gst": 1_800, "tds": 0, "tcs": 0, "supply_gst": 0, "set_off": 0, "reason": "October"}
    path = "/admin/payments/remittance/add/"
    for group in ("support", "trust"):
        assert browser(make_operator(group)).post(path, form).status_code in (302, 403)
        assert not Remittance.objects.exists()
    finance = browser(make_operator("finance"))
    assert finance.get(path).status_code == 200
    assert finance.post(path, {**form, "gst": 9_999}).status_code == 302
    assert not Remittance.objects.exists()
    assert finance.post(path, form).status_code == 302
    assert Remittance.objects.get().gst == 1_800
    assert finance.get(f"/admin/payments/remittance/{Remittance.objects.get().pk}/change/").status_code == 200
    change(PaymentSettings, {"second_person_above": 0})
    assert finance.post(path, {**form, "challan": "2", "gst": 0, "tds": 100}).status_code == 302
    assert (Remittance.objects.count(), SecondPersonAct.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_finance_proposes_a_rate_in_the_admin_and_another_confirms_it() -> None:
    day = today().replace(year=today().year + 1)
    form = {"kind": "gst", "supply_class": "", "basis_points": 1_200, "threshold": "", "law": "A notification"}
    path, first = "/admin/payments/taxrate/", browser(make_operator("finance"))
    assert first.post(f"{path}add/", {**form, "starts_on": today().isoformat()}).status_code == 200
    assert TaxRate.objects.count() == 6
    assert first.post(f"{path}add/", {**form, "starts_on": day.isoformat()}).status_code == 302
    rate = TaxRate.objects.get(starts_on=day)
    for operator in (first, browser(make_operator("finance"))):
        assert rate.confirmed_by_id is None
        operator.post(path, {"action": "confirm", "_selected_action": [str(rate.pk)]})
        rate.refresh_from_db()
    assert rate.confirmed_by_id is not None


@pytest.mark.django_db
def test_a_doer_says_how_he_stands_with_tax(api: Any) -> None:
    doer = make_doer()
    path = "/api/doers/me/tax-profile"
    assert [api(person).get(path).status_code for person in (None, doer)] == [401, 404]
    body = {"panStatus": "individual", "gstin": GSTIN, "state": "29"}
    answer = api(doer).put(path, body)
    assert answer.json()["data"] == {"panStatus": "individual", "gstinLast4": GSTIN[-4:], "state": "29"}
    assert GSTIN not in answer.content.decode()
    for wrong in ({"state": "27"}, {"panStatus": "rich"}, {"gstin": "x"}, {"pan": "AAGCB7383J"}):
        refused = api(doer).put(path, {**body, **wrong})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "validation_error")
    assert TaxProfile.objects.get().gstin == GSTIN
