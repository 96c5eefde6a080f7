"""Operators: groups with their own rights, the second factor, Django's own commands."""

import os
from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management import call_command

from accounts import services
from accounts.errors import EmailTaken, InvalidCredentials
from accounts.models import OperatorTotp, User
from accounts.operator_groups import AREAS
from accounts.tests.factories import PASSWORD, make_client, make_operator
from accounts.totp import code_at, matching_step

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("group", "areas"),
    [("support", ["support"]), ("finance", ["finance"]), ("trust", ["trust"]), ("administrator", list(AREAS))],
)
def test_each_group_has_its_areas(group: str, areas: list[str]) -> None:
    assert make_operator(group).operator_permissions == areas


def test_who_sees_what_in_the_admin() -> None:
    support, finance, administrator = (make_operator(group) for group in ("support", "finance", "administrator"))
    money = "payments.view_payment"
    assert [user.has_perm(money) for user in (support, finance, administrator)] == [False, True, True]
    assert all(user.has_perm("accounts.view_user") for user in (support, finance, administrator))
    assert [user.has_perm("accounts.change_category") for user in (support, administrator)] == [False, True]
    assert not any(user.has_perm("accounts.delete_user") for user in (support, finance, administrator))


def test_nobody_else_has_an_operators_rights() -> None:
    client = make_client()
    client.groups.add(Group.objects.get(name="finance"))
    assert User.objects.get(pk=client.pk).operator_permissions == []


def test_an_operator_is_not_made_with_a_taken_e_mail_a_weak_password_or_an_unknown_group() -> None:
    operator = make_operator("support")
    assert operator.email
    before = User.objects.count()
    with pytest.raises(EmailTaken):
        services.create_operator(email=operator.email.upper(), name="X", group="support", password=PASSWORD)
    with pytest.raises(ValidationError):
        services.create_operator(email="new@khidma.test", name="X", group="support", password="password")
    with pytest.raises(Group.DoesNotExist):
        services.create_operator(email="new@khidma.test", name="X", group="nobody", password=PASSWORD)
    assert User.objects.count() == before


def test_createsuperuser_works() -> None:
    os.environ["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    try:
        call_command("createsuperuser", "--noinput", email="Root@Khidma.test", stdout=StringIO())
    finally:
        del os.environ["DJANGO_SUPERUSER_PASSWORD"]
    root = User.objects.get_by_natural_key("ROOT@khidma.test")
    assert (root.is_staff, root.is_superuser, root.check_password(PASSWORD)) == (True, True, True)
    assert root.operator_permissions == list(AREAS)


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(moment: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert code_at(secret, moment // 30) == code
    assert matching_step(secret, code, at=moment + 30) == moment // 30
    assert matching_step(secret, code, at=moment + 90) is None


def test_a_second_factor_is_sealed_and_confirmed_by_a_code_only() -> None:
    operator = make_operator("finance")
    uri = services.enrol_second_factor(operator=operator)
    factor = OperatorTotp.objects.get(user=operator)
    secret = uri.partition("secret=")[2].partition("&")[0]
    assert secret not in factor.secret_sealed

    with pytest.raises(InvalidCredentials):
        services.confirm_second_factor(operator=operator, code="000000")

    factor.refresh_from_db()
    assert factor.confirmed_at is None
