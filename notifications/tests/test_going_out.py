"""How notifications go out: each channel and device by itself, once, later if not now, and not at any price."""

from datetime import timedelta
from functools import partial
from threading import Event
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings
from django.db import connections, transaction
from django.test import Client

from accounts.models import User
from accounts.tests.factories import make_client, make_doer
from khidma.delivery.models import Channel, OutboxMessage
from khidma.delivery.tests.standin import Providers
from khidma.kernel import clock
from khidma.kernel.clock import Now, now
from khidma.kernel.models import AuditRecord, OutboxEvent
from khidma.kernel.outbox import deliver_due
from khidma.kernel.runtime import change
from khidma.realtime.models import StreamEvent
from khidma.tests.races import at_once
from notifications import services
from notifications.models import Notification, PushToken, Sending, SendingStatus, SmsCount
from notifications.runtime import NotificationSettings
from notifications.services.sending import ATTEMPTS, lanes
from notifications.tests.factories import (
    lose_receipts,
    make_notification,
    make_push_token,
    send_everything,
    sent,
    told_everywhere,
)

INDIA = ZoneInfo("Asia/Kolkata")


def states(notification: Notification) -> dict[str, str]:
    """How each channel stands; for a person with one device."""
    return dict(Sending.objects.filter(notification=notification).values_list("channel", "status"))


def make_due() -> None:
    """As if the pause of everything that waits were over."""
    Sending.objects.filter(status=SendingStatus.WAITING).update(due_at=Now())


def quiet_now(user: User, hours: int = 1) -> None:
    """Quiet hours from an hour ago until so many hours from now."""
    local = now().astimezone(INDIA).replace(second=0, microsecond=0)
    start, end = local - timedelta(hours=1), local + timedelta(hours=hours)
    services.change_preferences(user=user, quiet_hours={"start": start.time(), "end": end.time()})


# One row for each channel and device


@pytest.mark.django_db
def test_a_channel_that_fails_sends_no_other_one_again(providers: Providers) -> None:
    user = make_doer()
    make_push_token(user)
    for name in ("msg91", "twilio"):
        providers.fail(name, "500")
    notification = told_everywhere(user)
    send_everything()
    assert states(notification) == {"sms": "waiting", "email": "sent", "push": "sent"}
    waiting = Sending.objects.get(channel="sms")
    assert (waiting.attempts, "HTTP 500" in waiting.last_error) == (1, True)
    assert waiting.due_at > now() + timedelta(seconds=10)

    make_due()
    send_everything()
    assert states(notification) == {"sms": "sent", "email": "sent", "push": "sent"}
    assert len(providers.taken["postmark"]) == len(providers.taken["fcm"]) == 1
    taken = providers.taken["msg91"] + providers.taken["twilio"]
    assert len(taken) == 1
    assert dict(Sending.objects.values_list("channel", "provider"))["email"] == "mail"


@pytest.mark.django_db
def test_a_pause_that_the_provider_asks_for_is_kept(providers: Providers) -> None:
    user = make_doer()
    make_push_token(user)
    providers.fail("fcm", "QUOTA_EXCEEDED")
    told_everywhere(user, ["push"])
    before = now()
    send_everything()
    assert before + timedelta(seconds=55) < Sending.objects.get().due_at < now() + timedelta(seconds=65)


@pytest.mark.django_db
def test_what_nobody_takes_is_given_up_after_some_tries_and_revived_by_an_operator(settings: LazySettings) -> None:
    notification = told_everywhere(make_doer(), ["sms"])
    settings.SMS_PROVIDERS = []
    deliver_due()
    for _ in range(ATTEMPTS):
        assert states(notification) == {"sms": "waiting"}
        make_due()
        services.send_due(channel=Channel.SMS)
    assert states(notification) == {"sms": "dead"}
    make_due()
    assert services.send_due(channel=Channel.SMS) == 0

    settings.SMS_PROVIDERS = ["page"]
    root, admin = User.objects.create_superuser(email="root@khidma.test", password="a long password"), Client()
    admin.force_login(root)
    chosen = {"action": "try_again", "_selected_action": [str(Sending.objects.get().pk)]}
    assert admin.post("/admin/notifications/sending/", chosen).status_code == 302
    assert AuditRecord.objects.get(action="sending.try_again").actor_id == root.pk
    send_everything()
    assert sent(notification) == ["sms"]


@pytest.mark.django_db
def test_the_token_of_a_device_that_is_gone_is_removed_at_once(providers: Providers) -> None:
    user = make_doer()
    gone, kept = make_push_token(user), make_push_token(user)
    first, second = told_everywhere(user, ["push"]), told_everywhere(user, ["push"])
    providers.fail("fcm", "UNREGISTERED")
    send_everything()
    assert list(PushToken.objects.values_list("pk", flat=True)) == [kept.pk]
    of_the_gone = Sending.objects.filter(device_id=gone.pk)
    assert of_the_gone.get(notification=first).status == SendingStatus.REFUSED
    assert of_the_gone.get(notification=second).status == SendingStatus.DROPPED
    assert [message["token"] for message in providers.taken["fcm"]] == [kept.token, kept.token]


@pytest.mark.django_db
def test_a_refusal_for_good_is_not_tried_again_and_removes_no_token(providers: Providers) -> None:
    user = make_doer()
    make_push_token(user)
    providers.fail("fcm", "SENDER_ID_MISMATCH")
    providers.fail("postmark", "inactive")
    notification = told_everywhere(user, ["push", "email"])
    send_everything()
    assert states(notification) == {"push": "refused", "email": "refused"}
    make_due()
    send_everything()
    assert providers.taken["fcm"] == providers.taken["postmark"] == []
    assert PushToken.objects.count() == 1


@pytest.mark.django_db
def test_a_crash_after_the_providers_answer_sends_again_under_the_same_key(providers: Providers) -> None:
    user = make_doer()
    make_push_token(user)
    told_everywhere(user, ["push", "email"])
    send_everything()
    lose_receipts()
    send_everything()
    first, second = providers.taken["fcm"]
    assert first["android"]["notification"]["tag"] == second["android"]["notification"]["tag"]
    mails = [message["Headers"] for message in providers.taken["postmark"]]
    assert len(mails) == 2
    assert mails[0] == mails[1]
    assert Sending.objects.filter(status=SendingStatus.SENT).count() == 2


@pytest.mark.django_db
def test_while_nobody_takes_messages_a_run_ends_at_the_first(providers: Providers) -> None:
    for _ in range(3):
        told_everywhere(make_doer(), ["sms"])
    deliver_due()
    for name in ("msg91", "twilio"):
        providers.fail(name, "503", times=9)
    assert services.send_due(channel=Channel.SMS) == 1
    assert Sending.objects.filter(attempts=0).count() == 2


@pytest.mark.django_db
def test_a_closed_account_hears_nothing_more() -> None:
    user = make_doer()
    notification = told_everywhere(user, ["sms", "email"])
    User.objects.filter(pk=user.pk).update(is_active=False)
    send_everything()
    assert states(notification) == {"sms": "dropped", "email": "dropped"}
    assert sent(notification) == []


@pytest.mark.django_db
def test_a_text_carries_its_registered_template_and_its_values_only(providers: Providers) -> None:
    user = make_doer()
    assert user.phone
    told_everywhere(user, ["sms"])
    send_everything()
    assert providers.taken["msg91"] == [
        {"template_id": "64f0000001", "mobiles": user.phone.lstrip("+"), "amount": "₹3,000.00", "title": "Logo"}
    ]


@pytest.mark.django_db
def test_no_more_than_two_threads_of_a_worker_wait_for_one_channel() -> None:
    notification = told_everywhere(make_doer(), ["sms", "email"])
    deliver_due()
    with lanes[Channel.SMS], lanes[Channel.SMS]:
        assert services.send_due(channel=Channel.SMS) == 0
        assert services.send_due(channel=Channel.EMAIL) == 1
    assert services.send_due(channel=Channel.SMS) == 1
    assert sent(notification) == ["email", "sms"]


# At the same moment


@pytest.mark.usefixtures("committed_db")
def test_two_workers_send_one_message_once() -> None:
    told_everywhere(make_doer(), ["sms"])
    deliver_due()
    outcomes = at_once(*[partial(services.send_next, channel=Channel.SMS)] * 4)
    assert sorted(outcomes, key=str) == [None, None, None, True]
    assert OutboxMessage.objects.count() == Sending.objects.get().attempts == 1


@pytest.mark.usefixtures("committed_db")
def test_while_one_worker_waits_for_the_provider_another_finds_nothing(providers: Providers) -> None:
    told_everywhere(make_doer(), ["sms"])
    deliver_due()
    found, done = [], Event()

    def another() -> None:
        try:
            found.append(services.send_next(channel=Channel.SMS))
        finally:
            connections.close_all()
            done.set()

    providers.meanwhile = another
    services.send_next(channel=Channel.SMS)
    assert done.wait(20)
    assert found == [None]


@pytest.mark.usefixtures("committed_db")
def test_the_same_thing_told_by_two_at_once_is_said_once() -> None:
    user = make_doer()
    told = at_once(*[partial(told_everywhere, user, ["sms"], number=1)] * 4)
    assert {type(one) for one in told} == {Notification}
    assert len({one.pk for one in told}) == Notification.objects.filter(user=user).count() == 1
    assert StreamEvent.objects.filter(user_id=user.pk, event="NOTIFICATION").count() == 1
    assert OutboxEvent.objects.filter(name="notifications.PersonTold").count() == 1


@pytest.mark.usefixtures("committed_db")
def test_planned_by_two_at_once_there_is_one_row_a_channel() -> None:
    user = make_doer()
    make_push_token(user)
    notification = make_notification(user)
    plan = partial(services.plan_sendings, notification_id=notification.pk, channels=["sms", "push"])
    assert not [one for one in at_once(*[plan] * 4) if isinstance(one, Exception)]
    assert sorted(Sending.objects.values_list("channel", flat=True)) == ["push", "sms"]


@pytest.mark.usefixtures("committed_db")
def test_however_many_send_at_once_the_cap_holds() -> None:
    with transaction.atomic():
        change(NotificationSettings, {"sms_per_user_per_day": 3})
    user = make_doer()
    for _ in range(8):
        told_everywhere(user, ["sms"])
    deliver_due()
    outcomes = at_once(*[partial(services.send_next, channel=Channel.SMS)] * 8)
    assert outcomes == [True] * 8
    assert OutboxMessage.objects.filter(channel="sms").count() == 3
    assert list(SmsCount.objects.filter(user=user).values_list("count", "refused")) == [(3, 5)]
    assert SmsCount.objects.get(user=None).count == 3


# Said once


@pytest.mark.django_db
def test_the_same_words_are_said_again_about_something_else_or_to_somebody_else() -> None:
    user = make_doer()
    first = make_notification(user, body="One")
    assert make_notification(user, body="One").pk == first.pk
    assert make_notification(user, body="Two").pk != first.pk
    assert make_notification(user, body="One", data={"orderId": "2"}).pk != first.pk
    assert make_notification(user, body="One", kind="work_missing").pk != first.pk
    assert make_notification(make_client(), body="One").pk != first.pk
    Notification.objects.filter(pk=first.pk).update(dedupe_key="of another minute")
    assert make_notification(user, body="One").pk != first.pk


# Quiet hours


@pytest.mark.django_db
def test_in_quiet_hours_push_and_text_wait_and_e_mail_does_not() -> None:
    user = make_doer()
    make_push_token(user)
    quiet_now(user)
    notification = told_everywhere(user)
    send_everything()
    assert sent(notification) == ["email"]
    end = now().astimezone(INDIA).replace(second=0, microsecond=0) + timedelta(hours=1)
    waiting = Sending.objects.filter(status=SendingStatus.WAITING)
    assert [abs(row.due_at - end) <= timedelta(minutes=1) for row in waiting] == [True, True]

    make_due()  # a row that was planned before the quiet hours were set waits for them too
    send_everything()
    assert sent(notification) == ["email"]
    assert all(row.due_at > now() for row in waiting)

    services.change_preferences(user=user, clear_quiet_hours=True)
    make_due()
    send_everything()
    assert sent(notification) == ["email", "push", "sms"]


@pytest.mark.django_db
def test_what_is_urgent_waits_for_nothing() -> None:
    user = make_doer()
    make_push_token(user)
    quiet_now(user)
    notification = make_notification(user, kind="bank_account_added", channels=["sms", "push"])
    send_everything()
    assert sent(notification) == ["push", "sms"]


@pytest.mark.django_db
def test_what_was_read_meanwhile_disturbs_nobody_but_money_leaving_does() -> None:
    user = make_doer()
    make_push_token(user)
    read, urgent = told_everywhere(user), make_notification(user, kind="payout_requested", channels=["sms"])
    deliver_due()
    services.mark_all_read(user=user)
    send_everything()
    assert (sent(read), sent(urgent)) == (["email"], ["sms"])
    assert states(read) == {"sms": "dropped", "push": "dropped", "email": "sent"}


# What it may cost


@pytest.mark.django_db
@pytest.mark.parametrize("cap", ["sms_per_user_per_day", "sms_per_day"])
def test_over_the_cap_the_other_channels_carry_it_and_it_is_counted(cap: str) -> None:
    change(NotificationSettings, {cap: 1})
    user = make_doer()
    make_push_token(user)
    within, over = told_everywhere(user, ["sms"]), told_everywhere(user, ["sms"])
    send_everything()
    assert sent(within) == ["sms"]
    assert sent(over) == ["email", "push"]
    assert Sending.objects.get(notification=over, channel="sms").last_error == "over_cap"
    assert list(SmsCount.objects.filter(user=user).values_list("count", "refused")) == [(1, 1)]


@pytest.mark.django_db
def test_a_text_that_is_tried_again_is_counted_once(providers: Providers) -> None:
    change(NotificationSettings, {"sms_per_user_per_day": 1})
    notification = told_everywhere(make_doer(), ["sms"])
    for name in ("msg91", "twilio"):
        providers.fail(name, "500")
    send_everything()
    make_due()
    send_everything()
    assert states(notification) == {"sms": "sent"}


@pytest.mark.usefixtures("committed_db")
def test_another_day_has_a_cap_of_its_own() -> None:
    with transaction.atomic():
        change(NotificationSettings, {"sms_per_user_per_day": 1})
    user = make_doer()
    first = told_everywhere(user, ["sms"])
    send_everything()
    clock.shift(timedelta(days=1))
    second = told_everywhere(user, ["sms"])
    send_everything()
    assert (sent(first), sent(second)) == (["sms"], ["sms"])


# Memory


@pytest.mark.django_db
def test_what_was_sent_is_forgotten_after_a_month_and_what_is_dead_is_not() -> None:
    sent_long_ago, dead = told_everywhere(make_doer(), ["sms"]), told_everywhere(make_doer(), ["sms"])
    send_everything()
    Sending.objects.filter(notification=dead).update(status=SendingStatus.DEAD, sent_at=None)
    assert services.forget_sendings() == 0
    Sending.objects.update(created_at=Now() - timedelta(days=31))
    assert services.forget_sendings() == 1
    assert (states(sent_long_ago), states(dead)) == ({}, {"sms": "dead"})
