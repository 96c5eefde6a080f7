"""The admin: one log-in for operators, every model shown, nothing secret among it."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client

from accounts import services
from accounts.models import OneTimeCode, OperatorTotp, RefreshToken, Session, User
from accounts.tests.factories import PASSWORD, make_client, make_doer, make_operator
from accounts.totp import code_at
from khidma.kernel.clock import now
from khidma.kernel.models import AuditRecord

pytestmark = pytest.mark.django_db

MODELS = [model for model in admin.site._registry if model._meta.app_label == "accounts"] + [Group]


def log_in(operator: User, **over: str) -> Any:
    form = {"username": operator.email or "", "password": PASSWORD, "next": "/admin/", **over}
    client = Client()
    return client, client.post("/admin/login/", form)


def test_the_admin_is_found_without_its_trailing_slash(client: Client) -> None:
    answer = client.get("/admin")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_an_operator_logs_in_and_a_client_does_not() -> None:
    client, answer = log_in(make_operator("support"))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200

    stranger, answer = log_in(make_client())
    assert answer.status_code == 200
    assert "wrong" in answer.content.decode()
    assert stranger.get("/admin/").status_code == 302


def test_a_wrong_password_opens_nothing() -> None:
    client, answer = log_in(make_operator("support"), password="wrong")
    assert answer.status_code == 200
    assert client.get("/admin/").status_code == 302


def test_an_enrolled_operator_needs_the_code_in_the_admin_too() -> None:
    operator = make_operator("administrator")
    found = re.search(r"secret=([A-Z2-7]+)", services.enrol_second_factor(operator=operator))
    assert found is not None
    step = int(now().timestamp()) // 30
    services.confirm_second_factor(operator=operator, code=code_at(found[1], step - 1))

    client, _ = log_in(operator)
    assert client.get("/admin/").status_code == 302
    client, _ = log_in(operator, totp=code_at(found[1], step))
    assert client.get("/admin/").status_code == 200


def test_the_log_in_page_asks_for_the_code() -> None:
    page = Client().get("/admin/login/").content.decode()
    assert 'name="totp"' in page
    assert 'form="login-form"' in page


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_can_be_opened_and_searched(model: Any) -> None:
    make_doer()
    services.seed_categories()
    client, _ = log_in(make_operator("administrator"))
    path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    assert client.get(path).status_code == 200
    assert client.get(path, {"q": "asha"}).status_code == 200
    page = admin.site._registry[model]
    assert page.search_fields
    assert page.list_filter
    assert client.get(f"{path}add/").status_code == 403


def test_no_hash_or_secret_is_shown() -> None:
    user = make_client()
    operator = make_operator("administrator")
    services.enrol_second_factor(operator=operator)
    client, _ = log_in(operator)
    secrets = {
        User: (operator, operator.password),
        OneTimeCode: (OneTimeCode.objects.filter(target=user.phone).get(), None),
        OperatorTotp: (OperatorTotp.objects.get(), OperatorTotp.objects.get().secret_sealed),
        RefreshToken: (RefreshToken.objects.first(), None),
    }
    for model, (row, secret) in secrets.items():
        assert row is not None
        path = f"/admin/accounts/{model._meta.model_name}/"
        page = client.get(f"{path}{row.pk}/change/").content.decode()
        assert page
        for hidden in (secret, getattr(row, "code_hash", None)):
            assert hidden is None or hidden not in page


def test_an_operator_ends_a_session_and_it_is_written_down() -> None:
    session = Session.objects.get(user=make_client())
    administrator = make_operator("administrator")
    client, _ = log_in(administrator)

    client.post("/admin/accounts/session/", {"action": "end_sessions", "_selected_action": [str(session.pk)]})

    session.refresh_from_db()
    assert session.end_reason == "ended_by_operator"
    record = AuditRecord.objects.get(action="end_session")
    assert (record.actor_id, record.target_id) == (administrator.pk, str(session.pk))


def test_support_cannot_end_sessions_in_bulk() -> None:
    session = Session.objects.get(user=make_client())
    client, _ = log_in(make_operator("support"))
    client.post("/admin/accounts/session/", {"action": "end_sessions", "_selected_action": [str(session.pk)]})
    session.refresh_from_db()
    assert session.ended_at is None
