"""The pages of money: every table has one that opens; nothing is edited, and little is added, on purpose."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.test import Client, RequestFactory

from accounts.tests.factories import make_operator
from payments.models import BankAccount, Return
from payments.tests.everything import everything_there_is

pytestmark = pytest.mark.django_db

ADDED = {"bankholiday", "remittance", "taxrate"}
"""The tables whose rows operators of finance add by a form."""
EDITED = {"bankholiday": {"name"}}
"""What may be corrected afterwards."""


def pages() -> dict[str, Any]:
    """The pages of money by the name of their table."""
    return {str(model._meta.model_name): page for model, page in site._registry.items() if is_money(model)}


def is_money(model: Any) -> bool:
    return bool(model._meta.app_label == "payments")


def browser(group: str) -> Client:
    client = Client()
    client.force_login(make_operator(group))
    return client


def test_every_table_has_its_page() -> None:
    assert {page.model for page in pages().values()} == set(apps.get_app_config("payments").get_models())


def test_operators_look_at_money_and_change_nothing() -> None:
    request = RequestFactory().get("/admin/")
    request.user = make_operator("administrator")
    for name, page in pages().items():
        assert page.has_add_permission(request) == (name in ADDED), name
        assert not page.has_delete_permission(request), name
        row = page.model()
        names = {field.name for field in page.model._meta.fields} - set(page.exclude or ())
        assert names - set(page.get_readonly_fields(request, row)) == EDITED.get(name, set()), name


def test_every_page_opens() -> None:
    everything_there_is()
    client = browser("administrator")
    for name, page in pages().items():
        address = f"/admin/payments/{name}/"
        row = page.model._default_manager.first()
        assert row is not None, f"no row of {name}"
        for path in (address, f"{address}?q=x", f"{address}{row.pk}/change/"):
            assert client.get(path).status_code == 200, path


def test_amounts_are_in_rupees_and_people_have_names() -> None:
    everything_there_is()
    client = browser("administrator")
    for name in ("taxyear", "escrow", "payout", "return", "chargeback"):
        row = pages()[name].model._default_manager.first()
        assert "₹" in client.get(f"/admin/payments/{name}/{row.pk}/change/").content.decode(), name
    listed = client.get("/admin/payments/return/").content.decode()
    assert "Finance Operator" in listed
    assert str(Return.objects.get().by_id) not in listed


@pytest.mark.parametrize("name", sorted(ADDED))
def test_what_is_added_by_hand_is_checked(name: str) -> None:
    client, address = browser("finance"), f"/admin/payments/{name}/add/"
    model = pages()[name].model
    before = model.objects.count()
    assert client.get(address).status_code == 200
    for wrong in ({}, {field: "nonsense" * 60 for field in model().__dict__ if not field.startswith("_")}):
        answer = client.post(address, wrong)
        assert (answer.status_code, bool(answer.context["errors"])) == (200, True)
    assert model.objects.count() == before


def test_forms_say_that_amounts_are_in_paise() -> None:
    page = browser("finance").get("/admin/payments/remittance/add/").content.decode()
    assert page.count("In paise: 100 for one rupee.") == 5


@pytest.mark.parametrize("name", sorted(ADDED))
@pytest.mark.parametrize("group", ["support", "trust"])
def test_others_than_finance_add_nothing(name: str, group: str) -> None:
    client, address = browser(group), f"/admin/payments/{name}/add/"
    assert client.get(address).status_code in {302, 403}


def test_what_is_kept_has_no_form_to_add_it() -> None:
    client = browser("administrator")
    for name in set(pages()) - ADDED:
        assert client.get(f"/admin/payments/{name}/add/").status_code == 403, name


def test_no_page_shows_a_sealed_number() -> None:
    page = site._registry[BankAccount]
    request = RequestFactory().get("/admin/")
    request.user = make_operator("administrator")
    assert not {"sealed_number", "number_index"} & set(page.get_fields(request))
