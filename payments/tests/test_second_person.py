"""Acts of two people: asked by one, confirmed by another, done once."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.tests.factories import make_client, make_operator
from khidma.kernel.errors import Forbidden, InvalidTransition
from khidma.kernel.ids import new_id
from khidma.kernel.models import AuditRecord
from payments import services
from payments.errors import AlreadyAsked, SamePerson
from payments.models import SecondPersonAct
from payments.services import second_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[SecondPersonAct]:
    """What acts of the kind `paint` have done."""
    acts: list[SecondPersonAct] = []
    monkeypatch.setitem(second_person._effects, "paint", acts.append)
    return acts


def ask(**over: object) -> SecondPersonAct:
    facts = {"kind": "paint", "subject_id": new_id(), "amount": 5_000, "reason": "It is grey"}
    return services.ask_for_act(**{**facts, "operator": make_operator("finance"), **over})  # type: ignore[arg-type]


def test_another_operator_confirms_and_both_are_on_record(done: list[SecondPersonAct]) -> None:
    act, second = ask(content={"colour": "blue"}), make_operator("finance")
    assert done == []
    services.confirm_act(act=act, operator=second)
    assert [(one.pk, one.content) for one in done] == [(act.pk, {"colour": "blue"})]
    seen = AuditRecord.objects.filter(target_id=str(act.pk)).order_by("id").values_list("action", "actor_id")
    assert list(seen) == [("paint.ask", act.asked_by_id), ("paint.confirm", second.pk)]


def test_who_asked_cannot_confirm(done: list[SecondPersonAct]) -> None:
    act = ask()
    with pytest.raises(SamePerson):
        services.confirm_act(act=act, operator=act.asked_by)
    act.refresh_from_db()
    assert (act.status, act.decided_by, done) == ("asked", None, [])


def test_the_database_knows_no_confirmation_by_the_same_person() -> None:
    operator = make_operator("finance")
    with pytest.raises(IntegrityError, match="payments_second_person_is_another"), transaction.atomic():
        SecondPersonAct.objects.create(
            kind="paint", subject_id=new_id(), amount=1, reason="x", asked_by=operator, decided_by=operator,
            status="confirmed",
        )  # fmt: skip


def test_what_was_asked_for_is_not_changed_before_it_is_confirmed(done: list[SecondPersonAct]) -> None:
    act = ask()
    with pytest.raises(Exception, match="what was agreed about money stays"), transaction.atomic():
        connection.cursor().execute("UPDATE payments_secondpersonact SET amount = 9 WHERE id = %s", [act.pk])


def test_it_is_done_once(done: list[SecondPersonAct]) -> None:
    act = ask()
    services.confirm_act(act=act, operator=make_operator("finance"))
    with pytest.raises(InvalidTransition):
        services.confirm_act(act=act, operator=make_operator("finance"))
    assert len(done) == 1


def test_the_same_is_asked_for_once_at_a_time(done: list[SecondPersonAct]) -> None:
    act = ask()
    with pytest.raises(AlreadyAsked):
        ask(subject_id=act.subject_id)
    services.decline_act(act=act, operator=act.asked_by, reason="No longer")
    ask(subject_id=act.subject_id)
    assert done == []


@pytest.mark.parametrize("group", ["support", "trust"])
def test_others_than_finance_neither_ask_nor_confirm(done: list[SecondPersonAct], group: str) -> None:
    act = ask()
    for stranger in (make_operator(group), make_client()):
        with pytest.raises(Forbidden):
            ask(operator=stranger)
    with pytest.raises(Forbidden):
        services.confirm_act(act=act, operator=make_operator(group))
    assert done == []
    assert SecondPersonAct.objects.count() == 1


def test_what_fails_is_not_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(act: SecondPersonAct) -> None:
        raise RuntimeError("no paint")

    monkeypatch.setitem(second_person._effects, "paint", fail)
    act = ask()
    with pytest.raises(RuntimeError):
        services.confirm_act(act=act, operator=make_operator("finance"))
    act.refresh_from_db()
    assert act.status == "asked"
