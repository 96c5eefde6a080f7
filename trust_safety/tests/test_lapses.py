"""What speaks against a user is counted once per message, and never takes the trust score below zero."""

import pytest

from accounts.tests.factories import make_client
from khidma.kernel import runtime
from khidma.kernel.ids import new_id
from trust_safety import services
from trust_safety.models import Lapse, LapseKind
from trust_safety.runtime import TrustSettings

pytestmark = pytest.mark.django_db


def test_a_lapse_counts_once_per_message() -> None:
    user, message_id = make_client(), new_id()
    counted = [
        services.count_lapse(user_id=user.pk, kind=LapseKind.CONTACT_DETAILS, message_id=message_id) for _ in range(2)
    ]
    user.refresh_from_db()
    assert (counted, user.trust_score, Lapse.objects.count()) == ([True, False], 48, 1)


def test_the_score_ends_at_zero_and_the_count_goes_on() -> None:
    user = make_client()
    runtime.change(TrustSettings, {"contact_details_points": 20})
    for _ in range(4):
        services.count_lapse(user_id=user.pk, kind=LapseKind.CONTACT_DETAILS, message_id=new_id())
    user.refresh_from_db()
    assert (user.trust_score, Lapse.objects.filter(user=user).count()) == (0, 4)


def test_with_no_points_lapses_are_only_counted() -> None:
    user = make_client()
    runtime.change(TrustSettings, {"contact_details_points": 0})
    services.count_lapse(user_id=user.pk, kind=LapseKind.CONTACT_DETAILS, message_id=new_id())
    user.refresh_from_db()
    assert (user.trust_score, Lapse.objects.get().points) == (50, 0)
