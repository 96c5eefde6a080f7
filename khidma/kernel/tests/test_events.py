"""Events reach every handler once, whatever fails on the way."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from django.db import connections, transaction

from khidma.kernel import events, outbox
from khidma.kernel.events import Event, handles, publish
from khidma.kernel.ids import new_id
from khidma.kernel.models import DeliveryStatus, OutboxDelivery, OutboxEvent, SettingsCategory
from khidma.kernel.network import in_transaction


@dataclasses.dataclass(frozen=True)
class KettleBoiled(Event):
    kettle_id: UUID
    cups: int
    at: datetime
    guests: tuple[UUID, ...] = ()
    note: str | None = None


calls: list[object] = []


@pytest.fixture(autouse=True)
def _own_handlers() -> Iterator[None]:
    saved, by_event = dict(events._handlers), {name: list(found) for name, found in events._by_event.items()}
    calls.clear()
    yield
    events._handlers.clear()
    events._handlers.update(saved)
    events._by_event.clear()
    events._by_event.update(by_event)


def boiled() -> KettleBoiled:
    return KettleBoiled(kettle_id=new_id(), cups=2, at=datetime(2026, 1, 2, tzinfo=UTC), guests=(new_id(),), note=None)


def test_an_event_survives_its_way_through_json() -> None:
    event = boiled()
    assert KettleBoiled.restore(event.payload()) == event


@pytest.mark.django_db
def test_every_handler_gets_the_event_once() -> None:
    @handles(KettleBoiled)
    def pour(event: KettleBoiled) -> None:
        calls.append(event)

    @handles(KettleBoiled, outbound=True)
    def ring(event: KettleBoiled, *, event_id: UUID) -> None:
        assert not in_transaction()
        calls.append(event_id)

    event = boiled()
    publish(event)
    assert outbox.deliver_due() == 2
    assert outbox.deliver_due() == 0
    assert sorted(map(str, calls)) == sorted(map(str, [event, OutboxEvent.objects.get().pk]))


@pytest.mark.django_db
def test_a_failing_handler_leaves_nothing_behind_and_does_not_stop_the_others() -> None:
    @handles(KettleBoiled)
    def spill(event: KettleBoiled) -> None:
        SettingsCategory.objects.create(category="spilled")
        raise RuntimeError("hot")

    @handles(KettleBoiled)
    def pour(event: KettleBoiled) -> None:
        calls.append(event)

    publish(boiled())
    outbox.deliver_due()
    spilled = OutboxDelivery.objects.get(handler__contains="spill")
    assert (spilled.status, spilled.attempts, spilled.last_error) == (DeliveryStatus.PENDING, 1, "RuntimeError: hot")
    assert not SettingsCategory.objects.filter(pk="spilled").exists()
    assert len(calls) == 1


@pytest.mark.django_db
def test_a_delivery_that_fails_again_and_again_dies_and_can_be_revived() -> None:
    @handles(KettleBoiled)
    def spill(event: KettleBoiled) -> None:
        calls.append(event)
        if len(calls) <= outbox.ATTEMPTS:
            raise RuntimeError("hot")

    publish(boiled())
    for _ in range(outbox.ATTEMPTS):
        OutboxDelivery.objects.update(due_at=datetime(2026, 1, 1, tzinfo=UTC))
        outbox.deliver_due()
    delivery = OutboxDelivery.objects.get()
    assert delivery.status == DeliveryStatus.DEAD
    assert outbox.deliver_due() == 0
    assert outbox.revive([delivery.pk]) == 1
    outbox.deliver_due()
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.DONE


@pytest.mark.django_db
def test_an_event_of_a_transaction_that_fails_was_never_published() -> None:
    def change_of_mind() -> None:
        with transaction.atomic():
            publish(boiled())
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        change_of_mind()
    assert not OutboxEvent.objects.exists()


@pytest.mark.django_db
def test_delivered_events_are_forgotten_and_others_kept() -> None:
    @handles(KettleBoiled)
    def spill(event: KettleBoiled) -> None:
        if event.cups == 3:
            raise RuntimeError("hot")

    publish(boiled(), dataclasses.replace(boiled(), cups=3))
    outbox.deliver_due()
    OutboxEvent.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    outbox.forget(timedelta(days=1))
    assert OutboxEvent.objects.get().payload["cups"] == 3


@pytest.mark.usefixtures("committed_db")
def test_workers_at_the_same_moment_deliver_each_event_once() -> None:
    @handles(KettleBoiled)
    def pour(event: KettleBoiled) -> None:
        calls.append(event.kettle_id)

    with transaction.atomic():
        publish(*[boiled() for _ in range(40)])
    gate = Barrier(8)

    def work() -> None:
        gate.wait()
        outbox.deliver_due()
        connections.close_all()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == len(set(calls)) == 40
