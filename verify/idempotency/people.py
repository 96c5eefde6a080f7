"""Requests about people, their phones and settings."""

import secrets

from django.db import transaction

from accounts.models import CodePurpose
from accounts.services.codes import issue_code
from accounts.tests.factories import make_client, make_doer, make_operator, next_phone
from khidma.kernel import runtime
from payments.runtime import PaymentSettings
from sandbox.testing import StandIn
from verify.idempotency.cases import Case, case


@case("PATCH /api/users/me")
def change_profile(gateway: StandIn) -> Case:
    return Case(make_client(), "/api/users/me", {"bio": "Tea and logos."}, make_client())


@case("POST /api/users/{userId}/block")
def block(gateway: StandIn) -> Case:
    return Case(make_client(), f"/api/users/{make_doer().pk}/block", None, make_client())


@case("DELETE /api/users/{userId}/block")
def unblock(gateway: StandIn) -> Case:
    from accounts.services import block_user

    user, blocked = make_client(), make_doer()
    block_user(blocker=user, blocked=blocked)
    return Case(user, f"/api/users/{blocked.pk}/block", None, make_client())


@case("POST /api/users/me/phone")
def change_phone(gateway: StandIn) -> Case:
    codes = {"accounts_onetimecode", "delivery_outboxmessage"}
    return Case(make_client(), "/api/users/me/phone", {"phone": next_phone()}, make_client(), comes_again=codes)


@case("POST /api/users/me/phone/verify")
def confirm_phone(gateway: StandIn) -> Case:
    user = make_client()
    _, old = issue_code(purpose=CodePurpose.OLD_PHONE, target=str(user.phone), user=user)
    _, new = issue_code(purpose=CodePurpose.NEW_PHONE, target=next_phone(), user=user)
    return Case(user, "/api/users/me/phone/verify", {"oldCode": old, "newCode": new}, make_client())


@case("PUT /api/settings/{category}")
def change_settings(gateway: StandIn) -> Case:
    with transaction.atomic():
        runtime.change(PaymentSettings, {"unpaid_hours": 24})  # the category's row is there
    body = {"unpaidHours": secrets.choice(range(20, 40))}
    return Case(make_operator(), "/api/settings/payments", body, make_operator())
