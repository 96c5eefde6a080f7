"""The admin's pages say whether the books balance."""

import pytest
from django.test import Client

from accounts.tests.factories import make_operator
from payments.models import LedgerCheck

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("faults", "words"),
    [(None, "have not been added up yet"), ([], "The books balance ("), (["a paisa is missing"], "DO NOT balance (")],
)
def test_the_home_of_the_admin_shows_the_last_check(faults: list[str] | None, words: str) -> None:
    if faults is not None:
        LedgerCheck.objects.create(is_sound=not faults, faults=faults, seconds=0.1)
    browser = Client()
    browser.force_login(make_operator("administrator"))

    page = browser.get("/admin/")

    assert page.status_code == 200
    assert words in page.content.decode()
