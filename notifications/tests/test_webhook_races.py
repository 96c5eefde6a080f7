"""Several at the same moment: subscriptions stay within their number, secrets and sequences lose nothing, one lane."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from celery import current_app
from django.conf import LazySettings
from django.db import connection, transaction

from accounts.tests.factories import make_client
from gigs.tests.factories import make_gig
from khidma.kernel import context
from khidma.kernel.clock import now
from khidma.kernel.ids import new_id
from khidma.kernel.runtime import change
from khidma.tests.races import at_once
from notifications.errors import TooManySubscriptions
from notifications.models import WebhookDelivery, WebhookSecret, WebhookSubscription
from notifications.providers.receivers import Outcome
from notifications.runtime import WebhookSettings
from notifications.services import webhooks
from notifications.services.webhooks import waking
from notifications.services.webhooks.recording import Attempt, Ended, write_down
from notifications.tests.factories import make_delivery, make_subscription, secret_of
from notifications.tests.receivers import receiving

pytestmark = pytest.mark.usefixtures("committed_db")


def test_no_more_subscriptions_at_once_than_one_after_the_other() -> None:
    with transaction.atomic():
        change(WebhookSettings, {"subscriptions_per_user": 3})
    user = make_client()
    made = at_once(*[partial(make_subscription, user)] * 8)
    assert [type(one) for one in made].count(TooManySubscriptions) == 5
    assert WebhookSubscription.objects.filter(user=user).count() == 3


def test_rotated_by_many_at_once_every_answered_secret_signs() -> None:
    subscription = make_subscription(make_client())
    answers = at_once(*[partial(webhooks.rotate_secret, subscription=subscription)] * 4)
    secrets = {secret for _, secret in answers} | {secret_of(subscription)}
    assert len(secrets) == 5
    assert WebhookSecret.objects.signing().filter(subscription=subscription).count() == 5
    assert WebhookSecret.objects.filter(subscription=subscription, signs_until=None).count() == 1


def test_many_facts_at_once_are_numbered_without_gaps() -> None:
    subscription = make_subscription(make_client())
    at_once(*[partial(make_delivery, subscription)] * 12)
    numbers = WebhookDelivery.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == list(range(1, 13))


def test_one_fact_handled_by_many_at_once_comes_once() -> None:
    client = make_client()
    make_subscription(client)
    gig = make_gig(client)
    fact = new_id()

    def handle() -> list[Any]:
        context.event_id.set(fact)
        return webhooks.announce(event_type="gig.created", kind="gig", object_id=gig.pk, parties=[client.pk])

    assert sorted(len(one) for one in at_once(*[handle] * 6)) == [0, 0, 0, 0, 0, 1]


def test_of_many_facts_for_a_subscription_one_stands_in_line_with_the_lane() -> None:
    client = make_client()
    subscription = make_subscription(client)
    gig = make_gig(client)
    tell = partial(webhooks.announce, event_type="gig.created", kind="gig", object_id=gig.pk, parties=[client.pk])

    def facts(calls: int) -> list[Any]:
        return at_once(*[tell] * calls)

    with ThreadPoolExecutor(1) as apart:
        with transaction.atomic():
            WebhookSubscription.objects.select_for_update(no_key=True).get(pk=subscription.pk)
            told = apart.submit(facts, 4)
            until = time.monotonic() + 10
            while sum(waiting := waiting_for_advisory_and_other_locks()) < 4 and time.monotonic() < until:
                time.sleep(0.02)
        assert [len(one) for one in told.result()] == [1] * 4
    assert waiting == (3, 1)


def test_facts_and_tests_at_once_are_numbered_without_gaps() -> None:
    client = make_client()
    subscription = make_subscription(client)
    gig = make_gig(client)
    tell = partial(webhooks.announce, event_type="gig.created", kind="gig", object_id=gig.pk, parties=[client.pk])
    at_once(*[tell] * 5, *[partial(make_delivery, subscription)] * 5)
    numbers = WebhookDelivery.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == list(range(1, 11))


def test_what_is_announced_while_a_turn_ends_is_not_forgotten() -> None:
    """The end of the turn waits for the commit, and sees then what was announced."""
    subscription = make_subscription(make_client())
    ended = [Ended(subscription.pk, succeeded=False, failed=None)]
    with ThreadPoolExecutor(1) as apart:
        with transaction.atomic():
            announced = make_delivery(subscription)
            end = apart.submit(at_once, partial(write_down, [], ended))
            until = time.monotonic() + 1.5
            while sum(waiting := waiting_for_advisory_and_other_locks()) < 1 and time.monotonic() < until:
                time.sleep(0.02)
        assert end.result() == [None]
    assert waiting == (0, 1)
    subscription.refresh_from_db()
    assert subscription.due_at == announced.due_at


def waiting_for_advisory_and_other_locks() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT locktype = 'advisory' FROM pg_locks WHERE NOT granted")
        found = [is_advisory for (is_advisory,) in cursor.fetchall()]
    return found.count(True), found.count(False)


def test_of_several_lanes_at_once_one_sends_and_each_message_goes_out_once(settings: LazySettings) -> None:
    with receiving(delay=0.02) as server:
        settings.KHIDMA_NEAR_RECEIVERS = [server.place]
        subscription = make_subscription(make_client(), url=server.url)
        for _ in range(10):
            make_delivery(subscription)
        sent = at_once(*[webhooks.send_due] * 4)
    assert sorted(sent) == [0, 0, 0, 10]
    assert len({message.id for message in server.messages}) == len(server.messages) == 10


def test_sent_again_by_many_at_once_it_waits_once() -> None:
    subscription = make_subscription(make_client())
    delivery = make_delivery(subscription)
    WebhookDelivery.objects.update(status="failed")
    at_once(*[partial(webhooks.redeliver, delivery=delivery)] * 5)
    assert WebhookDelivery.objects.get().status == "pending"


def test_deleted_while_what_it_took_is_written_down_nobody_waits_for_the_other() -> None:
    """Both write the subscription and its deliveries, and lock the subscription first."""
    user = make_client()
    for _ in range(5):
        subscription = make_subscription(user)
        taken = [Attempt(make_delivery(subscription), Outcome(milliseconds=1, status=200)) for _ in range(40)]
        ended = [Ended(subscription.pk, succeeded=True, failed=None)]
        assert at_once(partial(write_down, taken, ended), partial(webhooks.unsubscribe, subscription=subscription)) == [
            None,
            None,
        ]
    assert not WebhookSubscription.objects.exists()


def test_deleted_by_many_at_once_it_is_gone_once() -> None:
    subscription = make_subscription(make_client())
    assert at_once(*[partial(webhooks.unsubscribe, subscription=subscription)] * 5) == [None] * 5


def test_what_is_written_just_now_is_not_waited_for_when_old_ones_are_given_up() -> None:
    deliveries = [make_delivery(make_subscription(make_client())) for _ in range(2)]
    WebhookDelivery.objects.update(give_up_at=now())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM notifications_webhookdelivery WHERE id = %s FOR UPDATE", [deliveries[0].pk])
        assert at_once(webhooks.give_up) == [1]
    assert webhooks.give_up() == 1


def test_while_a_lane_looks_out_nobody_wakes_another(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    woken: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, *_, **__: woken.append(name))
    with receiving() as server:
        settings.KHIDMA_NEAR_RECEIVERS = [server.place]
        subscription = make_subscription(make_client(), url=server.url)
        make_delivery(subscription)
        assert woken.count(waking.TASK) == 1
        waking.looking_out.set()
        make_delivery(subscription)
        assert woken.count(waking.TASK) == 1
        assert webhooks.send_due() == 2
    assert not waking.looking_out.is_set()
    make_delivery(subscription)
    assert woken.count(waking.TASK) == 2
