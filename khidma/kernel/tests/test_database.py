"""What the database itself holds the app to: one clock, timelines and audit records that nobody rewrites."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection, connections, transaction

from khidma.kernel import clock
from khidma.kernel.audit import record_act
from khidma.kernel.ids import new_id
from khidma.kernel.models import AuditRecord, Clock, StateChange

DAY = timedelta(days=1)


def refused_by_database(statement: str) -> None:
    """Run a statement as the app; fail unless the database says that the app may not."""
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def made_change() -> StateChange:
    return StateChange.objects.create(
        subject_type="kettle", subject_id=new_id(), action="boil", to_status="hot", actor_role="guest", reason="tea"
    )


def made_record() -> AuditRecord:
    return record_act(actor_id=new_id(), action="kettle.boil", target_type="kettle", target_id="1", reason="tea")


@pytest.mark.django_db
def test_the_app_speaks_as_its_own_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("khidma_app",)


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["kernel_state_change", "kernel_audit_record"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET reason = 'coffee'", "DELETE FROM {}", "TRUNCATE {}"])
def test_timelines_and_audit_records_are_never_rewritten(table: str, statement: str) -> None:
    change, record = made_change(), made_record()
    refused_by_database(statement.format(table))
    assert StateChange.objects.get(pk=change.pk).reason == "tea"
    assert AuditRecord.objects.get(pk=record.pk).reason == "tea"


@pytest.mark.django_db
def test_an_audit_record_says_who_did_what_to_which_and_when() -> None:
    actor, before = new_id(), clock.now()
    record = record_act(
        actor_id=actor,
        action="settings.change",
        target_type="settings",
        target_id="payments",
        reason="Diwali",
        before={"days": 3},
        after={"days": 5},
    )
    stored = AuditRecord.objects.get(pk=record.pk)
    assert (stored.actor_id, stored.action, stored.target_type, stored.target_id, stored.reason) == (
        actor,
        "settings.change",
        "settings",
        "payments",
        "Diwali",
    )
    assert (stored.before, stored.after) == ({"days": 3}, {"days": 5})
    assert before <= stored.at <= clock.now()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kernel_clock SET shift = '1 day'",
        "INSERT INTO kernel_clock (id, shift) VALUES (2, '1 day')",
        "DELETE FROM kernel_clock",
        "TRUNCATE kernel_clock",
        "CREATE OR REPLACE FUNCTION khidma_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
    ],
)
def test_the_app_cannot_move_its_clock(statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Clock.objects.get().shift == timedelta(0)


@pytest.fixture
def owner(committed_db: None) -> Iterator[None]:
    """The owner of the database may connect as well; what it changes is real."""
    yield
    connections["owner"].close()


@pytest.mark.usefixtures("owner")
def test_the_owner_moves_the_clock_of_everybody() -> None:
    before = clock.now()
    clock.shift(3 * DAY)
    assert 3 * DAY <= clock.now() - before < 3 * DAY + timedelta(minutes=1)
    change = made_change()
    change.refresh_from_db()
    assert change.at - before >= 3 * DAY
    assert StateChange.objects.filter(pk=change.pk, at__lte=clock.Now()).exists()
    clock.shift(-DAY)
    assert Clock.objects.get().shift == 2 * DAY


@pytest.mark.usefixtures("owner")
def test_the_clock_has_one_row() -> None:
    with pytest.raises(DatabaseError, match="kernel_clock_one_row"), connections["owner"].cursor() as cursor:
        cursor.execute("INSERT INTO kernel_clock (id, shift) VALUES (2, '1 day')")
    assert Clock.objects.get().shift == timedelta(0)


@pytest.mark.usefixtures("owner")
def test_the_clock_stands_firm_in_production(settings: LazySettings) -> None:
    settings.KHIDMA_ENV = "production"
    with pytest.raises(RuntimeError, match="production"):
        clock.shift(DAY)
    assert Clock.objects.get().shift == timedelta(0)
