"""Telling people: once in the app, on their stream, and once by each channel."""

import pytest
from django.db import transaction

from accounts.tests.factories import make_client, make_doer, make_user
from khidma.delivery.models import OutboxMessage
from khidma.kernel.models import OutboxEvent
from khidma.realtime.models import StreamEvent
from notifications import services
from notifications.models import Notification, PushToken
from notifications.tests.factories import lose_receipts, make_notification, make_push_token, send_everything, sent

pytestmark = pytest.mark.django_db


def test_what_is_told_is_stored_unread_and_stands_on_the_stream() -> None:
    user = make_doer()
    notification = make_notification(user)
    stored = Notification.objects.get(user=user)
    assert (stored.kind, stored.read, stored.data) == ("order_funded", False, notification.data)
    event = StreamEvent.objects.get(user_id=user.pk, event="NOTIFICATION")
    assert event.data == {
        "id": str(notification.pk),
        "type": "order_funded",
        "title": notification.title,
        "body": notification.body,
        "data": notification.data,
    }


def test_what_is_told_in_a_transaction_that_fails_was_never_told() -> None:
    user = make_doer()

    def change_of_mind() -> None:
        with transaction.atomic():
            make_notification(user, channels=["sms"])
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        change_of_mind()
    assert not Notification.objects.exists()
    assert not StreamEvent.objects.filter(event="NOTIFICATION").exists()
    assert not OutboxEvent.objects.filter(name="notifications.PersonTold").exists()


def test_without_channels_nothing_leaves_the_app() -> None:
    notification = make_notification(make_doer())
    send_everything()
    assert sent(notification) == []


def test_each_channel_gets_one_message_and_each_device_one_push() -> None:
    user = make_doer()
    first, second = make_push_token(user), make_push_token(user)
    make_push_token(make_client())
    notification = make_notification(user, channels=["sms", "email", "push"])
    send_everything()
    messages = OutboxMessage.objects.filter(key__contains=str(notification.pk))
    assert sorted(messages.values_list("channel", "to", "subject")) == sorted(
        [
            ("sms", user.phone, ""),
            ("email", user.email, "You can begin"),
            ("push", first.token, "You can begin"),
            ("push", second.token, "You can begin"),
        ]
    )
    assert messages.get(channel="sms").body == f"{notification.title}. {notification.body}"


def test_who_has_no_address_for_a_channel_is_passed_over() -> None:
    user = make_user()
    notification = make_notification(user, channels=["sms", "email", "push"])
    send_everything()
    assert sent(notification) == ["sms"]


def test_sending_again_after_a_crash_sends_nothing_twice() -> None:
    user = make_doer()
    make_push_token(user)
    notification = make_notification(user, channels=["sms", "email", "push"])
    send_everything()
    lose_receipts()
    send_everything()
    assert sent(notification) == ["email", "push", "sms"]


def test_reading_is_remembered_once() -> None:
    notification = make_notification(make_doer())
    first = services.mark_read(notification=notification).read_at
    assert first is not None
    assert services.mark_read(notification=notification).read_at == first


def test_reading_all_leaves_others_unread() -> None:
    user, other = make_doer(), make_doer()
    for person in (user, user, other):
        make_notification(person)
    assert services.mark_all_read(user=user) == 2
    assert services.mark_all_read(user=user) == 0
    assert list(Notification.objects.unread().values_list("user_id", flat=True)) == [other.pk]


def test_a_device_belongs_to_whoever_registered_it_last() -> None:
    before, after = make_doer(), make_client()
    device = make_push_token(before)
    services.register_push_token(user=after, token=device.token, platform="ios", device_id="iPhone")
    stored = PushToken.objects.get()
    assert (stored.pk, stored.user_id, stored.platform, stored.device_id) == (device.pk, after.pk, "ios", "iPhone")
    gone, kept = make_notification(before, channels=["push"]), make_notification(after, channels=["push"])
    send_everything()
    assert (sent(gone), sent(kept)) == ([], ["push"])


def test_a_removed_device_gets_nothing() -> None:
    user = make_doer()
    services.remove_push_token(push_token=make_push_token(user))
    notification = make_notification(user, channels=["push"])
    send_everything()
    assert sent(notification) == []
