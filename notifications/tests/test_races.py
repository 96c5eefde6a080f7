"""Several callers at the same moment: one device, one row; one reading, one moment."""

from functools import partial

import pytest

from accounts.tests.factories import make_client, make_doer
from khidma.tests.races import at_once
from notifications import services
from notifications.models import Notification, PushToken
from notifications.tests.factories import make_notification

pytestmark = pytest.mark.usefixtures("committed_db")


def test_one_device_registered_by_many_at_once_belongs_to_one() -> None:
    people = [make_doer(), make_client()] * 4
    found = at_once(
        *[
            partial(services.register_push_token, user=user, token="one-device-of-two", platform="android")
            for user in people
        ]
    )
    assert {type(one) for one in found} == {PushToken}
    assert PushToken.objects.get().user_id in {user.pk for user in people}


def test_read_by_many_at_once_it_was_read_at_one_moment() -> None:
    notification = make_notification(make_doer())
    same = Notification.objects.get(pk=notification.pk)
    read = at_once(*[partial(services.mark_read, notification=one) for one in (notification, same)])
    assert len({one.read_at for one in read}) == 1
    assert read[0].read_at is not None
