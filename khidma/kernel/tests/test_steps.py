"""A step through the states, with the database: what it writes, what it refuses, and who waits for whom."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from khidma.kernel import clock
from khidma.kernel.errors import InvalidTransition, Refused
from khidma.kernel.ids import new_id
from khidma.kernel.models import StateChange
from khidma.kernel.states import StatusAssigned, advance, history, lock, record_change
from khidma.kernel.tests.kettles import MAKE_TABLE, Kettle, KettleEmpty


@pytest.fixture
def kettle(db: None) -> Kettle:
    """A cold kettle in a table that ends with the test."""
    with connection.cursor() as cursor:
        cursor.execute(MAKE_TABLE.format("TEMPORARY"))
    return Kettle.objects.create(name="Big one")


@pytest.fixture
def real_kettle(committed_db: None) -> Iterator[Kettle]:
    """A cold kettle that other connections see."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(MAKE_TABLE.format(""))
    yield Kettle.objects.create(name="Big one")
    connections["owner"].close()


@dataclass(frozen=True)
class Guest:
    """Somebody with an id."""

    pk: UUID = field(default_factory=new_id)


def test_a_step_writes_the_state_the_columns_and_who_took_it_when_and_why(kettle: Kettle) -> None:
    by, before = Guest(), clock.now()
    with transaction.atomic():
        taken = advance(lock(kettle), "boil", by=by, role="guest", reason="Tea is wanted.", changes={"cups": 4})
    assert (taken.status, taken.cups) == ("hot", 4)
    stored = Kettle.objects.get(pk=kettle.pk)
    assert (stored.status, stored.cups, stored.name) == ("hot", 4, "Big one")
    change = history(stored).get()
    assert (change.subject_type, change.subject_id, change.action) == ("kettle", kettle.pk, "boil")
    assert (change.from_status, change.to_status) == ("cold", "hot")
    assert (change.actor_id, change.actor_role, change.reason) == (by.pk, "guest", "Tea is wanted.")
    assert before <= change.at <= clock.now() + timedelta(seconds=1)


def test_a_step_writes_no_column_but_those_it_was_given(kettle: Kettle) -> None:
    locked = lock(kettle)
    locked.name = "Small one"
    advance(locked, "boil", by=Guest(), role="guest")
    stored = Kettle.objects.get(pk=kettle.pk)
    assert (stored.status, stored.name) == ("hot", "Big one")


def test_the_timeline_begins_with_the_first_entry_and_keeps_the_order(kettle: Kettle) -> None:
    by = Guest()
    record_change(kettle, action="buy", by=by, role="host")
    advance(lock(kettle), "boil", by=by, role="guest")
    advance(lock(kettle), "cool", by=None, role="system")
    other = Kettle.objects.create(name="Another")
    advance(lock(other), "boil", by=by, role="guest")
    assert list(history(kettle).values_list("action", "from_status", "to_status", "actor_id")) == [
        ("buy", "", "cold", by.pk),
        ("boil", "cold", "hot", by.pk),
        ("cool", "hot", "cold", None),
    ]


@pytest.mark.parametrize(
    ("action", "role", "refusal"),
    [("boil", "host", KettleEmpty), ("cool", "system", InvalidTransition), ("boil", "", KettleEmpty)],
)
def test_a_wrong_role_or_state_is_refused_and_leaves_nothing(
    kettle: Kettle, action: str, role: str, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal) as caught:
        advance(lock(kettle), action, by=Guest(), role=role, changes={"cups": 4})
    assert (caught.value.status, caught.value.details) == (409, {"status": "cold"})
    stored = Kettle.objects.get(pk=kettle.pk)
    assert (stored.status, stored.cups) == ("cold", 0)
    assert not StateChange.objects.exists()


def test_a_step_that_nobody_ever_heard_of_is_a_mistake_in_the_code(kettle: Kettle) -> None:
    with pytest.raises(KeyError):
        advance(lock(kettle), "fly", by=Guest(), role="guest")
    assert not StateChange.objects.exists()


def test_a_status_among_the_changes_is_refused(kettle: Kettle) -> None:
    with pytest.raises(StatusAssigned), transaction.atomic():
        advance(lock(kettle), "boil", by=Guest(), role="guest", changes={"status": "cold"})
    assert Kettle.objects.get(pk=kettle.pk).status == "cold"
    assert not StateChange.objects.exists()


def test_outside_a_transaction_no_step_is_taken(real_kettle: Kettle) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        advance(real_kettle, "boil", by=Guest(), role="guest")
    assert real_kettle.status == "cold"
    assert Kettle.objects.get(pk=real_kettle.pk).status == "cold"
    assert not StateChange.objects.exists()


def test_who_locks_second_waits_and_sees_what_the_first_one_did(real_kettle: Kettle) -> None:
    began, outcome = Event(), []

    def boil_too() -> None:
        try:
            with transaction.atomic():
                began.set()
                outcome.append(advance(lock(real_kettle), "boil", by=Guest(), role="guest").status)
        except Refused as error:
            outcome.append(error.code)
        finally:
            connections.close_all()

    second = Thread(target=boil_too)
    with transaction.atomic():
        locked = lock(real_kettle)
        second.start()
        assert began.wait(timeout=10)
        second.join(timeout=0.3)
        assert second.is_alive(), "The second one did not wait."
        advance(locked, "boil", by=Guest(), role="guest")
        assert outcome == []
    second.join(timeout=10)
    assert outcome == ["kettle_empty"]
    assert history(real_kettle).count() == 1


def test_a_lock_by_model_and_key_is_the_same_lock(real_kettle: Kettle) -> None:
    with transaction.atomic():
        assert lock(Kettle, real_kettle.pk) == real_kettle
        with pytest.raises(Kettle.DoesNotExist):
            lock(Kettle, new_id())
