"""What reaches receivers, signed so that the public library takes it, and what becomes of what does not."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from standardwebhooks import WebhookVerificationError

from accounts.tests.factories import make_client
from khidma.kernel.clock import now
from khidma.kernel.runtime import change
from notifications.models import (
    Failure,
    Notification,
    WebhookDelivery,
    WebhookDeliveryStatus,
    WebhookSecret,
    WebhookSubscription,
)
from notifications.providers.receivers import Outcome
from notifications.runtime import WebhookSettings
from notifications.services import webhooks
from notifications.services.webhooks import sending, waking
from notifications.services.webhooks.recording import Attempt, Ended, write_down
from notifications.tests.factories import make_delivery, make_subscription, secret_of
from notifications.tests.receivers import ReceiverServer, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_lingering(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane ends as soon as it has nothing to do."""
    monkeypatch.setattr(sending, "LINGER_SECONDS", 0.0)


@pytest.fixture
def receiver(settings: LazySettings) -> Iterator[ReceiverServer]:
    with receiving() as server:
        settings.KHIDMA_NEAR_RECEIVERS = [server.place]
        yield server


def again(delivery: WebhookDelivery) -> WebhookDelivery:
    """The delivery as it is stored."""
    return WebhookDelivery.objects.get(pk=delivery.pk)


def make_due(*subscriptions: WebhookSubscription, **more: Any) -> None:
    """The moment has come for whatever waits."""
    for one in subscriptions:
        WebhookDelivery.objects.filter(subscription=one, status="pending").update(due_at=now(), **more)
        WebhookSubscription.objects.filter(pk=one.pk).update(due_at=now(), not_before=now())


def test_the_public_library_takes_what_arrives(receiver: ReceiverServer) -> None:
    subscription = make_subscription(make_client(), url=receiver.url)
    delivery = make_delivery(subscription)
    assert webhooks.send_due() == 1
    (message,) = receiver.messages
    payload = message.verified(secret_of(subscription))
    assert payload["type"] == "webhook.test"
    assert payload["sequence"] == 1
    assert payload["data"] == {"object": {"subscriptionId": str(subscription.pk)}, "previous": {}}
    assert message.id == str(delivery.pk)
    assert message.headers["content-type"] == "application/json"
    assert message.headers["host"] == receiver.place
    stored = again(delivery)
    assert (stored.status, stored.attempts, stored.response_status) == ("delivered", 1, 200)
    assert stored.response_ms is not None
    assert stored.next_attempt_at is None
    subscription.refresh_from_db()
    assert subscription.last_success_at is not None
    assert subscription.due_at is None


def test_the_secret_is_long_and_sealed_and_another_does_not_open_it(receiver: ReceiverServer) -> None:
    subscription, other = make_subscription(make_client(), url=receiver.url), make_subscription(make_client())
    secret = secret_of(subscription)
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) >= 24
    assert secret not in WebhookSecret.objects.get(subscription=subscription).sealed_secret
    make_delivery(subscription)
    webhooks.send_due()
    with pytest.raises(WebhookVerificationError):
        receiver.messages[0].verified(secret_of(other))


def test_after_a_rotation_both_secrets_open_it_and_after_a_day_the_new_one_alone(receiver: ReceiverServer) -> None:
    subscription = make_subscription(make_client(), url=receiver.url)
    _, new = webhooks.rotate_secret(subscription=subscription)
    make_delivery(subscription)
    webhooks.send_due()
    assert receiver.messages[0].verified(secret_of(subscription)) == receiver.messages[0].verified(new)
    WebhookSecret.objects.filter(signs_until__isnull=False).update(signs_until=now() - timedelta(seconds=1))
    make_delivery(subscription)
    webhooks.send_due()
    receiver.messages[1].verified(new)
    with pytest.raises(WebhookVerificationError):
        receiver.messages[1].verified(secret_of(subscription))
    webhooks.forget_deliveries()
    assert WebhookSecret.objects.filter(subscription=subscription).count() == 1


def test_rotating_often_signs_at_most_five_times(receiver: ReceiverServer) -> None:
    subscription = make_subscription(make_client(), url=receiver.url)
    secrets = [webhooks.rotate_secret(subscription=subscription)[1] for _ in range(8)]
    make_delivery(subscription)
    webhooks.send_due()
    assert len(receiver.messages[0].headers["webhook-signature"].split()) == 5
    for secret in secrets[-5:]:
        receiver.messages[0].verified(secret)


def test_what_is_not_taken_comes_again_with_the_same_id_and_body(receiver: ReceiverServer) -> None:
    receiver.answers = [500, 503, 200]
    subscription = make_subscription(make_client(), url=receiver.url)
    delivery = make_delivery(subscription)
    for attempt in (1, 2, 3):
        before = now()
        assert webhooks.send_due() == 1
        stored = again(delivery)
        assert stored.attempts == attempt
        if attempt < 3:
            assert stored.status == "pending"
            assert stored.failure == Failure.ANSWER
            assert stored.due_at > before
            assert webhooks.send_due() == 0  # not before its time
        make_due(subscription)
    assert again(delivery).status == "delivered"
    assert {message.id for message in receiver.messages} == {str(delivery.pk)}
    assert len({message.body for message in receiver.messages}) == 1
    subscription.refresh_from_db()
    assert (subscription.failure_count, subscription.failing_since) == (0, None)


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 404, 429, 500])
def test_only_2xx_is_a_success_and_nobody_is_followed(receiver: ReceiverServer, status: int) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.headers = status, {"Location": elsewhere.url}
        delivery = make_delivery(make_subscription(make_client(), url=receiver.url))
        webhooks.send_due()
        assert elsewhere.messages == []
    stored = again(delivery)
    assert (stored.status, stored.response_status, stored.failure) == ("pending", status, Failure.ANSWER)


def test_retries_go_on_for_three_days_and_no_longer(receiver: ReceiverServer) -> None:
    receiver.status = 500
    subscription = make_subscription(make_client(), url=receiver.url)
    delivery = make_delivery(subscription)
    waited = timedelta(0)
    while again(delivery).status == "pending":
        before = now()
        make_due(subscription)
        webhooks.send_due()
        stored = again(delivery)
        if stored.status == "pending":
            waited += stored.due_at - before
            WebhookDelivery.objects.filter(pk=delivery.pk).update(give_up_at=delivery.give_up_at - waited)
    assert stored.status == "failed"
    assert 8 <= stored.attempts <= 11
    assert timedelta(days=1.5) < waited < timedelta(days=3)


def test_what_was_never_its_turn_is_given_up_too() -> None:
    delivery = make_delivery(make_subscription(make_client()))
    assert webhooks.give_up() == 0
    WebhookDelivery.objects.filter(pk=delivery.pk).update(give_up_at=now())
    assert webhooks.give_up() == 1
    assert (again(delivery).status, again(delivery).attempts) == ("failed", 0)


def test_gone_turns_the_subscription_off_at_once_and_tells_its_owner(receiver: ReceiverServer) -> None:
    receiver.status = 410
    user = make_client()
    subscription = make_subscription(user, url=receiver.url)
    deliveries = [make_delivery(subscription) for _ in range(3)]
    webhooks.send_due()
    assert len(receiver.messages) == 1
    subscription.refresh_from_db()
    assert (subscription.active, subscription.disabled_because) == (False, "gone")
    assert {again(one).status for one in deliveries} == {"failed"}
    told = Notification.objects.get(user=user, kind="webhook_disabled")
    assert told.data == {"subscriptionId": str(subscription.pk)}
    assert receiver.place in told.body


def test_five_days_of_failure_turn_it_off_and_tell_its_owner(receiver: ReceiverServer) -> None:
    receiver.status = 500
    user = make_client()
    subscription = make_subscription(user, url=receiver.url)
    make_delivery(subscription)
    webhooks.send_due()
    for days, active in ((4.9, True), (5.1, False)):
        make_due(subscription)
        WebhookSubscription.objects.filter(pk=subscription.pk).update(failing_since=now() - timedelta(days=days))
        webhooks.send_due()
        subscription.refresh_from_db()
        assert subscription.active is active
    assert subscription.disabled_because == "failing"
    assert Notification.objects.filter(user=user, kind="webhook_disabled").count() == 1


def test_five_days_turn_it_off_by_the_clock_too_when_nothing_is_tried_any_more(receiver: ReceiverServer) -> None:
    receiver.status = 500
    user = make_client()
    subscription, well = make_subscription(user, url=receiver.url), make_subscription(user)
    delivery = make_delivery(subscription)
    webhooks.send_due()
    assert webhooks.disable_failing() == 0
    WebhookSubscription.objects.filter(pk=subscription.pk).update(failing_since=now() - timedelta(days=5))
    assert webhooks.disable_failing() == 1
    assert webhooks.disable_failing() == 0
    subscription.refresh_from_db()
    assert (subscription.active, subscription.disabled_because) == (False, "failing")
    assert again(delivery).status == "failed"
    assert Notification.objects.filter(user=user, kind="webhook_disabled").count() == 1
    assert WebhookSubscription.objects.get(pk=well.pk).active


def test_turned_on_again_it_begins_anew(receiver: ReceiverServer) -> None:
    receiver.answers = [410]
    subscription = make_subscription(make_client(), url=receiver.url)
    make_delivery(subscription)
    webhooks.send_due()
    subscription = webhooks.change_subscription(subscription=subscription, changes={"active": True})
    assert (subscription.failure_count, subscription.disabled_at, subscription.disabled_because) == (0, None, "")
    assert make_delivery(subscription)
    assert webhooks.send_due() == 1


def test_a_pause_keeps_what_waits_until_it_is_over(receiver: ReceiverServer) -> None:
    subscription = make_subscription(make_client(), url=receiver.url)
    make_delivery(subscription)
    webhooks.change_subscription(subscription=subscription, changes={"active": False})
    assert webhooks.send_due() == 0
    webhooks.change_subscription(subscription=subscription, changes={"active": True})
    assert webhooks.send_due() == 1


def test_what_fails_rests_longer_each_time_and_is_then_tried_with_one(receiver: ReceiverServer) -> None:
    receiver.status = 500
    subscription = make_subscription(make_client(), url=receiver.url)
    for _ in range(5):
        make_delivery(subscription)
    rests = []
    for _ in range(4):
        make_due(subscription)
        assert webhooks.send_due() == 1
        subscription.refresh_from_db()
        rests.append(subscription.not_before - now())
    assert rests == sorted(rests)
    assert rests[3] > 4 * rests[0]
    receiver.status = 200
    make_due(subscription)
    assert webhooks.send_due() == 5
    assert not WebhookDelivery.objects.exclude(status="delivered").exists()


def test_events_come_in_their_order_and_numbered_without_gaps(receiver: ReceiverServer) -> None:
    subscription = make_subscription(make_client(), url=receiver.url)
    for _ in range(30):
        make_delivery(subscription)
    assert webhooks.send_due() == 30
    assert [json.loads(message.body)["sequence"] for message in receiver.messages] == list(range(1, 31))


def test_slow_receivers_keep_no_others_waiting(receiver: ReceiverServer, settings: LazySettings) -> None:
    with receiving(delay=6.0) as slow:
        settings.KHIDMA_NEAR_RECEIVERS = [receiver.place, slow.place]
        for _ in range(20):
            make_delivery(make_subscription(make_client(), url=slow.url))
        quick = make_subscription(make_client(), url=receiver.url)
        deliveries = [make_delivery(quick) for _ in range(20)]
        before = now()
        webhooks.send_due()
    taken = [again(one).attempted_at for one in deliveries]
    assert max(moment for moment in taken if moment) - before < timedelta(seconds=5.5)


def taken(*deliveries: WebhookDelivery) -> list[Attempt]:
    """Their receiver has answered each of them with 200."""
    return [Attempt(one, Outcome(milliseconds=7, status=200)) for one in deliveries]


def test_what_comes_in_while_a_subscription_is_served_is_due_after_its_turn() -> None:
    subscription = make_subscription(make_client())
    first, second = make_delivery(subscription), make_delivery(subscription)
    write_down(taken(first), [Ended(subscription.pk, succeeded=True, failed=None)])
    subscription.refresh_from_db()
    assert subscription.due_at == second.due_at
    write_down(taken(second), [Ended(subscription.pk, succeeded=True, failed=None)])
    subscription.refresh_from_db()
    assert subscription.due_at is None


def test_what_was_taken_within_a_turn_is_written_down_and_the_turn_goes_on() -> None:
    subscription = make_subscription(make_client())
    before = make_delivery(subscription)
    write_down(taken(before), [])
    subscription.refresh_from_db()
    assert (again(before).status, again(before).attempts, again(before).response_ms) == ("delivered", 1, 7)
    assert subscription.due_at is not None
    assert subscription.last_success_at is None


def test_of_many_that_end_at_once_each_is_ready_at_its_own_time() -> None:
    user = make_client()
    well, failing, idle = (make_subscription(user) for _ in range(3))
    first, bad = make_delivery(well), make_delivery(failing)
    write_down(
        taken(first),
        [
            Ended(well.pk, succeeded=True, failed=None),
            Ended(failing.pk, succeeded=False, failed=Attempt(bad, Outcome(3, status=500, failure=Failure.ANSWER))),
            Ended(idle.pk, succeeded=False, failed=None),
        ],
    )
    for one in (well, failing, idle):
        one.refresh_from_db()
    assert (well.due_at, well.failure_count, well.last_success_at is None) == (None, 0, False)
    assert (failing.due_at, failing.failure_count, failing.last_success_at) == (again(bad).due_at, 1, None)
    assert failing.not_before > now()
    assert (idle.due_at, idle.failure_count, idle.last_success_at) == (None, 0, None)


@pytest.mark.parametrize("receivers", [1, 8])
def test_a_look_costs_eight_statements_however_many_receivers_there_are(
    receivers: int, django_assert_num_queries: Any
) -> None:
    WebhookSettings.load()
    user = make_client()
    subscriptions = [make_subscription(user) for _ in range(receivers)]
    first = [make_delivery(one) for one in subscriptions]
    more = [make_delivery(one) for one in subscriptions for _ in range(2)]
    ended = [Ended(one.pk, succeeded=True, failed=None) for one in subscriptions]
    with django_assert_num_queries(8 + 2):  # and what begins and ends a transaction within the test's
        begun = sending._write_and_begin(taken(*first), ended, [])
    assert {one.pk for turn in begun for one in turn.deliveries} == {one.pk for one in more}
    assert all(turn.secrets == [secret_of(turn.subscription)] for turn in begun)


def test_those_that_fail_take_no_place_of_those_that_are_well() -> None:
    change(WebhookSettings, {"at_once": 2})
    user = make_client()
    failing, well, later = (make_subscription(user) for _ in range(3))
    for one in (failing, well, later):
        make_delivery(one)
    WebhookSubscription.objects.filter(pk=failing.pk).update(failure_count=1, failing_since=now())
    begun = sending._write_and_begin([], [], [])
    assert {turn.subscription.pk for turn in begun} == {well.pk, failing.pk}
    assert sending._write_and_begin([], [], begun) == []


def test_what_was_given_up_meanwhile_is_not_written_over() -> None:
    subscription = make_subscription(make_client())
    delivery = make_delivery(subscription)
    WebhookDelivery.objects.update(status="failed")
    write_down(taken(delivery), [])
    assert (again(delivery).status, again(delivery).attempts) == ("failed", 0)


def test_what_is_committed_while_a_lane_makes_up_its_mind_to_end_is_still_sent(
    receiver: ReceiverServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It found nothing, and whoever commits now still believes that it looks out."""
    subscription = make_subscription(make_client(), url=receiver.url)
    make_delivery(subscription)
    look, late = sending._write_and_begin, iter([make_delivery])

    def look_and_then_something_comes(*told: Any) -> Any:
        begun = look(*told)
        if not begun and not told[2] and waking.looking_out.is_set() and (come := next(late, None)):
            come(subscription)
        return begun

    monkeypatch.setattr(sending, "_write_and_begin", look_and_then_something_comes)
    assert webhooks.send_due() == 2


def test_a_receiver_that_never_answers_is_left_after_its_time(
    receiver: ReceiverServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifications.providers.receivers import calling

    monkeypatch.setattr(calling, "TOTAL_SECONDS", 0.3)
    receiver.delay = 2.0
    delivery = make_delivery(make_subscription(make_client(), url=receiver.url))
    webhooks.send_due()
    stored = again(delivery)
    assert (stored.status, stored.failure, stored.response_status) == ("pending", Failure.TIMEOUT, None)
    assert stored.response_ms is not None
    assert 250 <= stored.response_ms < 1500


def test_a_huge_answer_is_not_read(receiver: ReceiverServer) -> None:
    receiver.body = b"x" * 50_000_000
    delivery = make_delivery(make_subscription(make_client(), url=receiver.url))
    webhooks.send_due()
    assert again(delivery).status == "delivered"


def test_nobody_there_is_a_failure(settings: LazySettings) -> None:
    with receiving() as server:
        settings.KHIDMA_NEAR_RECEIVERS = [server.place]
    delivery = make_delivery(make_subscription(make_client(), url=server.url))
    webhooks.send_due()
    assert again(delivery).failure == Failure.UNREACHABLE


def test_sent_once_more_it_keeps_its_id(receiver: ReceiverServer) -> None:
    subscription = make_subscription(make_client(), url=receiver.url)
    delivery = make_delivery(subscription)
    webhooks.send_due()
    webhooks.redeliver(delivery=again(delivery))
    assert again(delivery).status == WebhookDeliveryStatus.PENDING
    webhooks.send_due()
    assert [message.id for message in receiver.messages] == [str(delivery.pk)] * 2
    assert again(delivery).status == "delivered"


def test_there_is_one_lane_at_a_time(receiver: ReceiverServer) -> None:
    """A second one leaves at once; see test_races for two in earnest."""
    make_delivery(make_subscription(make_client(), url=receiver.url))
    assert webhooks.send_due() == 1
    assert webhooks.send_due() == 0


def test_old_deliveries_are_forgotten_and_waiting_ones_are_not(receiver: ReceiverServer) -> None:
    subscription = make_subscription(make_client(), url=receiver.url)
    old = make_delivery(subscription)
    webhooks.send_due()
    waiting = make_delivery(subscription)
    WebhookDelivery.objects.update(created_at=now() - timedelta(days=31))
    young = make_delivery(subscription)
    assert webhooks.forget_deliveries() == 1
    assert set(WebhookDelivery.objects.values_list("pk", flat=True)) == {waiting.pk, young.pk} != {old.pk}
