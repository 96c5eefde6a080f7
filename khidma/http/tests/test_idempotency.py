"""Idempotency keys, and the transaction that they share with what they answer for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from khidma.http.models import IdempotencyRecord
from khidma.http.tasks import drop_old_answers
from khidma.http.tests.views import Counts
from khidma.kernel.clock import Now
from khidma.kernel.models import OutboxEvent

pytestmark = pytest.mark.urls("khidma.http.tests.urls")

KEY = {"Idempotency_Key": "key-1"}


def names() -> list[str]:
    return sorted(OutboxEvent.objects.values_list("name", flat=True))


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_the_same_request_gets_the_first_answer_again(self, call: Any) -> None:
        caller = call("somebody")
        first = caller("POST", "/api/notes", {"name": "once"}, **KEY)
        again = caller("POST", "/api/notes", {"name": "once"}, **KEY)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content
        assert again["Location"] == first["Location"]
        assert again["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first
        assert names() == ["once"]

    def test_another_body_is_a_conflict(self, call: Any) -> None:
        caller = call("somebody")
        caller("POST", "/api/notes", {"name": "once"}, **KEY)
        response = caller("POST", "/api/notes", {"name": "twice"}, **KEY)
        assert (response.status_code, response.json()["error"]["code"]) == (409, "idempotency_conflict")
        assert names() == ["once"]
        assert caller("POST", "/api/notes", {"name": "once"}, **KEY).status_code == 201

    def test_another_caller_and_another_operation_have_keys_of_their_own(self, call: Any) -> None:
        call("somebody")("POST", "/api/notes", {"name": "a"}, **KEY)
        other = call("another")("POST", "/api/notes", {"name": "a"}, **KEY)
        elsewhere = call("somebody")("POST", "/api/own-transactions", {"name": "a"}, **KEY)
        assert "Idempotent-Replayed" not in other
        assert "Idempotent-Replayed" not in elsewhere
        assert names() == ["a", "a", "a"]

    def test_a_refusal_is_remembered(self, call: Any) -> None:
        note = OutboxEvent.objects.create(name="closed", payload={})
        caller = call("somebody")
        first = caller("POST", f"/api/notes/{note.id}/close", **KEY)
        OutboxEvent.objects.filter(pk=note.pk).update(name="open")
        again = caller("POST", f"/api/notes/{note.id}/close", **KEY)
        assert (first.status_code, again.status_code) == (409, 409)
        assert again.content == first.content
        assert again["Idempotent-Replayed"] == "true"
        assert names() == ["open"]

    def test_a_fault_is_not_remembered(self, call: Any) -> None:
        caller = call("somebody")
        Counts.deadlocks = -100
        assert caller("POST", "/api/own-transactions", {"name": "broken"}, **KEY).status_code == 503
        assert not IdempotencyRecord.objects.exists()

    def test_a_refusal_outside_the_transaction_is_remembered(self, call: Any) -> None:
        caller = call("somebody")
        first = caller("POST", "/api/own-transactions", {"name": "refused"}, **KEY)
        again = caller("POST", "/api/own-transactions", {"name": "refused"}, **KEY)
        assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (409, 409, "true")
        assert names() == ["refused"]

    def test_what_is_done_after_the_commit_belongs_to_the_answer(self, call: Any) -> None:
        caller = call("somebody")
        first = caller("POST", "/api/afterwards", {"name": "inside"}, **KEY)
        again = caller("POST", "/api/afterwards", {"name": "inside"}, **KEY)
        assert first.json()["data"]["name"] == "replaced"
        assert again.content == first.content
        assert names() == ["inside"]

    def test_what_is_committed_stands_when_what_follows_fails(self, call: Any) -> None:
        first = call("somebody")("POST", "/api/afterwards", {"name": "fails"}, **KEY)
        again = call("somebody")("POST", "/api/afterwards", {"name": "fails"}, **KEY)
        assert (first.status_code, first.json()["data"]["name"]) == (200, "fails")
        assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
        assert names() == ["fails"]

    def test_a_fault_in_what_the_answer_needs_is_not_remembered(self, call: Any) -> None:
        response = call("somebody")("POST", "/api/needed-afterwards", {"name": "fails"}, **KEY)
        assert response.status_code == 503
        assert names() == ["fails"]
        assert not IdempotencyRecord.objects.exists()

    def test_a_counted_refusal_keeps_its_trace_and_is_remembered(self, call: Any) -> None:
        first = call("somebody")("POST", "/api/guessing", {"name": "wrong"}, **KEY)
        again = call("somebody")("POST", "/api/guessing", {"name": "wrong"}, **KEY)
        assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (409, 409, "true")
        assert names() == ["wrong"]

    @pytest.mark.parametrize("key", ["", "a" * 256, "with space", "ü"])
    def test_what_is_no_key_is_refused(self, call: Any, key: str) -> None:
        response = call("somebody")("POST", "/api/notes", {"name": "a"}, Idempotency_Key=key)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "validation_error")
        assert names() == []

    def test_signing_in_and_the_gateway_have_no_keys(self, call: Any) -> None:
        for path, body in (("/api/auth/login", {"name": "x"}), ("/api/webhooks/payment", {"name": "x"})):
            for _ in range(2):
                assert "Idempotent-Replayed" not in call("somebody")("POST", path, body, **KEY)
        assert not IdempotencyRecord.objects.exists()

    def test_answers_are_sealed_and_forgotten_after_a_day(self, call: Any) -> None:
        call("somebody")("POST", "/api/notes", {"name": "private"}, **KEY)
        record = IdempotencyRecord.objects.get()
        assert "private" not in record.answer
        assert drop_old_answers() == 0
        IdempotencyRecord.objects.update(created_at=Now() - timedelta(hours=24, seconds=1))
        again = call("somebody")("POST", "/api/notes", {"name": "anything"}, **KEY)
        assert "Idempotent-Replayed" not in again
        IdempotencyRecord.objects.update(created_at=Now() - timedelta(hours=24, seconds=1))
        assert drop_old_answers() == 1
        assert names() == ["anything", "private"]


def at_once(count: int, work: Any) -> list[Any]:
    def run(index: int) -> Any:
        try:
            return work(index)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.parametrize("path", ["/api/notes", "/api/own-transactions", "/api/afterwards"])
def test_twenty_twins_make_one_note(committed_db: None, call: Any, path: str) -> None:
    answers = at_once(20, lambda _: call("somebody")("POST", path, {"name": "twin"}, **KEY))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer for answer in answers) == 19
    assert names() == ["twin"]


def test_twins_with_different_bodies_have_one_winner(committed_db: None, call: Any) -> None:
    answers = at_once(10, lambda index: call("somebody")("POST", "/api/notes", {"name": f"twin {index}"}, **KEY))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert len(names()) == 1


def test_a_claim_whose_process_died_can_be_taken_over(committed_db: None, call: Any) -> None:
    call("somebody")("POST", "/api/own-transactions", {"name": "a"}, **KEY)
    IdempotencyRecord.objects.update(status=None, answer="", settles_at=Now() - timedelta(seconds=1))
    assert "Idempotent-Replayed" not in call("somebody")("POST", "/api/own-transactions", {"name": "a"}, **KEY)
    assert names() == ["a", "a"]


def test_an_answer_whose_process_died_after_the_commit_counts_as_it_is(committed_db: None, call: Any) -> None:
    first = call("somebody")("POST", "/api/notes", {"name": "a"}, **KEY)
    IdempotencyRecord.objects.update(settles_at=Now() - timedelta(seconds=1))
    again = call("somebody")("POST", "/api/notes", {"name": "a"}, **KEY)
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (201, first.content, "true")
    assert names() == ["a"]


def test_an_answer_that_needs_more_is_made_anew_when_its_process_died(committed_db: None, call: Any) -> None:
    call("somebody")("POST", "/api/needed-afterwards", {"name": "a"}, **KEY)
    IdempotencyRecord.objects.update(status=None, answer="", settles_at=Now() - timedelta(seconds=1))
    again = call("somebody")("POST", "/api/needed-afterwards", {"name": "a"}, **KEY)
    assert (again.status_code, again.json()["data"]["name"]) == (200, "replaced")


@pytest.mark.parametrize("path", ["/api/notes", "/api/afterwards", "/api/guessing"])
def test_a_commit_whose_word_was_lost_is_answered_for(
    committed_db: None, call: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The connection breaks after the server committed and before it could say so."""
    commit = BaseDatabaseWrapper.commit

    def commit_unheard(self: BaseDatabaseWrapper) -> None:
        commit(self)
        monkeypatch.undo()
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(BaseDatabaseWrapper, "commit", commit_unheard)
    assert call("somebody")("POST", path, {"name": "a"}, **KEY).status_code == 503
    IdempotencyRecord.objects.filter(settles_at__isnull=False).update(settles_at=Now() - timedelta(seconds=1))
    again = call("somebody")("POST", path, {"name": "a"}, **KEY)
    assert (again.status_code < 300, again.get("Idempotent-Replayed")) == (True, "true")
    assert names() == ["a"]


def test_a_deadlock_is_started_over_once(committed_db: None, call: Any) -> None:
    Counts.deadlocks = 0
    assert call("somebody")("POST", "/api/deadlocked/1", **KEY).status_code == 200
    assert names() == ["after deadlock"]
    Counts.deadlocks = 0
    response = call("somebody")("POST", "/api/deadlocked/2")
    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert names() == ["after deadlock"]
