"""Forgetting: codes after a day, wrong tries after a day, nothing before."""

from datetime import timedelta

import pytest

from accounts.models import CodePurpose, OneTimeCode, WrongCode
from accounts.services.codes import issue_code
from accounts.tasks import forget_codes
from accounts.tests.factories import next_phone
from khidma.kernel.clock import Now

pytestmark = pytest.mark.django_db


def test_codes_and_wrong_tries_are_forgotten_after_a_day() -> None:
    old, fresh = next_phone(), next_phone()
    for phone in (old, fresh):
        issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
        WrongCode.objects.create(target=phone)
    OneTimeCode.objects.filter(target=old).update(expires_at=Now() - timedelta(hours=25))
    WrongCode.objects.filter(target=old).update(created_at=Now() - timedelta(hours=25))

    assert forget_codes() == 2

    for model in (OneTimeCode, WrongCode):
        assert list(model.objects.values_list("target", flat=True)) == [fresh]
