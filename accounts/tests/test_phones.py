"""Which phones are taken."""

import pytest

from accounts.phones import is_accepted_phone
from accounts.runtime import AccountSettings
from khidma.kernel.errors import Invalid
from khidma.kernel.runtime import change

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("phone", ["+919000000001", "+916000000000", "+919999999999"])
def test_indian_mobiles_are_accepted(phone: str) -> None:
    assert is_accepted_phone(phone)


@pytest.mark.parametrize(
    "phone", ["+915999999999", "+91900000000", "+9190000000001", "919000000001", "+91 9000000001", "+91९०००००००००", ""]
)
def test_what_looks_like_one_is_not(phone: str) -> None:
    assert not is_accepted_phone(phone)


def test_which_countries_are_accepted_is_a_setting() -> None:
    assert not is_accepted_phone("+6591234567")
    change(AccountSettings, {"phone_countries": ["91", "65"]})
    assert is_accepted_phone("+6591234567")
    assert not is_accepted_phone("+14155552671")


@pytest.mark.parametrize("value", [[], ["+91"], "91", [91], ["९१"]])
def test_nonsense_is_no_list_of_countries(value: object) -> None:
    with pytest.raises(Invalid):
        change(AccountSettings, {"phone_countries": value})
    assert is_accepted_phone("+919000000001")
