"""Streams: numbers without gaps, kept for a while, told after commit."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import redis
from django.conf import LazySettings
from django.db import transaction

from khidma.kernel import clock
from khidma.kernel.ids import new_id
from khidma.realtime import doorbell, streams
from khidma.realtime.models import StreamEvent, StreamPosition
from khidma.realtime.tasks import trim_streams
from khidma.tests.races import at_once

ONE, TWO = new_id(), new_id()


def push(*users: object, event: str = "NOTIFICATION", **data: object) -> dict[object, int]:
    return streams.push(user_ids=users, event=event, data=data)  # type: ignore[arg-type, return-value]


@pytest.mark.django_db
def test_each_user_counts_on_its_own() -> None:
    assert push(ONE, title="a") == {ONE: 1}
    assert push(TWO, ONE, ONE, title="b") == {ONE: 2, TWO: 1}
    assert [(event.seq, event.data) for event in streams.read_after(ONE, 0)] == [
        (1, {"title": "a"}),
        (2, {"title": "b"}),
    ]
    assert [event.seq for event in streams.read_after(ONE, 1)] == [2]
    assert push() == {}


@pytest.mark.usefixtures("committed_db")
def test_what_was_rolled_back_leaves_no_gap() -> None:
    push(ONE)
    with transaction.atomic():
        push(ONE)
        transaction.set_rollback(True)
    assert push(ONE) == {ONE: 2}


@pytest.mark.usefixtures("committed_db")
def test_twenty_pushes_at_once_to_overlapping_users_end_without_gap_or_deadlock() -> None:
    users = [new_id() for _ in range(4)]
    calls = [partial(push, *(users if number % 2 else reversed(users)), number=number) for number in range(20)]
    outcomes = at_once(*calls)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    for user in users:
        assert [event.seq for event in streams.read_after(user, 0)] == list(range(1, 21))


@pytest.mark.usefixtures("committed_db")
def test_the_doorbell_rings_after_commit_and_not_before(valkey_connection: "redis.Redis") -> None:
    connection: Any = valkey_connection
    with connection.pubsub(ignore_subscribe_messages=True) as ear:
        ear.subscribe(doorbell.CHANNEL)
        ear.get_message(timeout=1)
        with transaction.atomic():
            push(ONE, title="a")
            assert ear.get_message(timeout=0.1) is None
        message = ear.get_message(timeout=1)
    assert message is not None
    assert doorbell.decode(message["data"]) == [doorbell.Ring("NOTIFICATION", {"title": "a"}, {ONE: 1})]


@pytest.mark.usefixtures("committed_db")
def test_without_valkey_the_event_is_stored_all_the_same(settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert push(ONE) == {ONE: 1}
    assert StreamEvent.objects.filter(user_id=ONE).count() == 1


@pytest.mark.django_db
def test_a_stream_keeps_its_last_thousand_events() -> None:
    for _ in range(1_005):
        push(ONE)
    push(TWO)
    assert [streams.position_of(ONE).can_resume(seq) for seq in (4, 5)] == [False, True]
    assert trim_streams() == 5
    assert StreamEvent.objects.filter(user_id=ONE).count() == 1_000
    place = streams.position_of(ONE)
    assert (place.last_seq, place.trimmed_to) == (1_005, 5)
    assert [place.can_resume(seq) for seq in (4, 5, 1_005, 1_006)] == [False, True, True, False]
    assert trim_streams() == 0


@pytest.mark.usefixtures("committed_db")
def test_a_stream_keeps_its_events_for_seven_days() -> None:
    push(ONE)
    clock.shift(timedelta(days=7, minutes=1))
    push(ONE)
    assert trim_streams() == 1
    assert [event.seq for event in streams.read_after(ONE, 0)] == [2]
    assert StreamPosition.objects.get(pk=ONE).trimmed_to == 1


@pytest.mark.usefixtures("committed_db")
def test_what_one_user_alone_is_told_reaches_nobody_else(valkey_connection: "redis.Redis") -> None:
    connection: Any = valkey_connection
    with connection.pubsub(ignore_subscribe_messages=True) as ear:
        ear.subscribe(doorbell.CHANNEL)
        ear.get_message(timeout=1)
        streams.push(user_ids=[ONE, TWO], event="CHAT_MESSAGE", data={"text": "x"}, own={ONE: {"warning": "w"}})
        rings = doorbell.decode(ear.get_message(timeout=1)["data"])
    alone, both = {"text": "x", "warning": "w"}, {"text": "x"}
    assert [event.data for user in (ONE, TWO) for event in streams.read_after(user, 0)] == [alone, both]
    assert {user: ring.data for ring in rings for user in ring.numbers} == {ONE: alone, TWO: both}


@pytest.mark.django_db
def test_a_few_events_are_read_by_what_they_weigh_and_the_first_at_any_size() -> None:
    for number in range(1, 6):
        push(ONE, number=number, pad="x" * 1_000)
    push(TWO, title="another's")

    def read(after: int, most_bytes: int) -> list[int]:
        return [event.seq for event in streams.read_a_few_after(ONE, after, most_bytes=most_bytes)]

    assert read(0, 1) == [1]
    assert read(1, 2_500) == [2, 3, 4]
    assert read(1, 1_000_000) == [2, 3, 4, 5]
    assert read(5, 1_000_000) == []
    assert streams.read_a_few_after(ONE, 4, most_bytes=1)[0].data["number"] == 5
