"""The shape of answers and errors, and the order of the checks."""

from typing import Any
from uuid import UUID

import pytest

from khidma.kernel.ids import new_id
from khidma.kernel.models import OutboxEvent

pytestmark = [pytest.mark.django_db, pytest.mark.urls("khidma.http.tests.urls")]


def make_note(name: str = "note") -> OutboxEvent:
    note = OutboxEvent.objects.create(name=name, payload={"snake_key": {"fooBar": 1}})
    note.refresh_from_db()
    return note


def code_of(response: Any) -> str:
    return str(response.json()["error"]["code"])


def test_creating_answers_201_with_the_resource_and_its_address(call: Any) -> None:
    response = call("somebody")("POST", "/api/notes", {"name": "first", "budgetMin": 5})
    assert response.status_code == 201
    data = response.json()["data"]
    assert response.json()["success"] is True
    assert response["Location"] == f"/api/notes/{data['id']}"
    assert isinstance(data["createdAt"], int)
    assert data["payload"] == {"snake_key": 1, "camelKey": 5}, "the content of a JSON field is nobody's to rename"
    assert OutboxEvent.objects.get().name == "first"


def test_an_error_has_code_message_details_and_request_id(call: Any) -> None:
    note = make_note("closed")
    response = call("client")("PATCH", f"/api/notes/{note.id}", {"name": "new"}, X_Request_ID="my-id-1")
    assert response.status_code == 409
    error = response.json()["error"]
    assert response.json()["success"] is False
    assert error["code"] == "note_closed"
    assert error["details"] == {"noteName": "closed"}
    assert error["requestId"] == response["X-Request-ID"] == "my-id-1"
    note.refresh_from_db()
    assert note.name == "closed"


def test_deleting_answers_204_without_a_body(call: Any) -> None:
    note = make_note()
    response = call("somebody")("DELETE", f"/api/notes/{note.id}")
    assert (response.status_code, response.content) == (204, b"")
    assert not OutboxEvent.objects.exists()


@pytest.mark.parametrize(
    ("who", "method", "path", "status", "code"),
    [
        (None, "POST", "/api/notes", 401, "not_authenticated"),
        ("unknown", "POST", "/api/notes", 401, "token_expired"),
        ("unknown", "GET", "/api/notes", 401, "token_expired"),
        ("unknown", "GET", "/api/notes-by-page", 200, None),
        ("somebody", "PATCH", "/api/notes/{id}", 403, "profile_incomplete"),
        ("doer", "PATCH", "/api/notes/{id}", 403, "role_required"),
        ("client", "POST", "/api/doers", 403, "role_required"),
        ("somebody", "GET", "/api/staff", 403, "permission_denied"),
        ("operator", "GET", "/api/staff", 200, None),
        ("operator", "POST", "/api/staff", 403, "permission_denied"),
        ("finance", "POST", "/api/staff", 200, None),
        ("suspended", "POST", "/api/notes", 403, "account_suspended"),
        ("suspended", "GET", "/api/notes", 200, None),
        ("suspended", "POST", "/api/appeals", 200, None),
        ("somebody", "PUT", "/api/notes", 405, "method_not_allowed"),
        ("somebody", "TRACE", "/api/notes", 405, "method_not_allowed"),
        (None, "GET", "/api/undeclared", 405, "method_not_allowed"),
        (None, "GET", "/api/nowhere", 404, "not_found"),
        (None, "POST", "/api/nowhere/", 404, "not_found"),
        (None, "GET", "/nowhere", 404, "not_found"),
        (None, "GET", "/api/notes/%00", 404, "not_found"),
    ],
)
def test_who_may(call: Any, who: str | None, method: str, path: str, status: int, code: str | None) -> None:
    note = make_note()
    response = call(who)(method, path.replace("{id}", str(note.id)))
    assert response.status_code == status
    assert code is None or code_of(response) == code
    assert OutboxEvent.objects.count() == 1
    assert OutboxEvent.objects.get().name == "note"


def test_checks_come_in_the_order_of_the_contract(call: Any) -> None:
    """404 before 400, 400 before 409."""
    closed = make_note("closed")
    client = call("client")
    assert client("PATCH", f"/api/notes/{new_id()}", {"unknown": 1}).status_code == 404
    assert client("PATCH", f"/api/notes/{closed.id}", {"unknown": 1}).status_code == 400
    assert client("PATCH", f"/api/notes/{closed.id}", {}).status_code == 409
    assert call(None)("PATCH", f"/api/notes/{new_id()}", {"unknown": 1}).status_code == 401


def test_a_body_nobody_asked_for_is_refused_and_undone(call: Any) -> None:
    note = make_note()
    response = call("somebody")("POST", f"/api/notes/{note.id}/close", {"surprise": 1})
    assert response.json()["error"]["details"] == {"surprise": ["There is no such field."]}
    note.refresh_from_db()
    assert note.name == "note"
    assert call("somebody")("POST", f"/api/notes/{note.id}/close", {}).status_code == 200


def test_only_json_is_given_and_taken(call: Any) -> None:
    caller = call("somebody")
    assert code_of(caller("GET", "/api/notes", Accept="text/csv")) == "not_acceptable"
    assert caller("GET", "/api/notes", Accept="text/html,*/*;q=0.1").status_code == 200
    assert caller("GET", "/api/notes", Accept="").status_code == 200
    wrong = caller("POST", "/api/notes", b"name=x", content_type="application/x-www-form-urlencoded")
    assert (wrong.status_code, code_of(wrong)) == (415, "unsupported_media_type")
    assert code_of(caller("POST", "/api/notes", b"{}", Content_Encoding="gzip")) == "unsupported_media_type"


def test_405_and_options_say_what_is_allowed(call: Any) -> None:
    response = call()("PUT", "/api/notes")
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert call()("OPTIONS", "/api/notes")["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_a_defect_answers_500_and_tells_nothing(call: Any, caplog: pytest.LogCaptureFixture) -> None:
    response = call()("GET", "/api/defect")
    assert (response.status_code, code_of(response)) == (500, "internal_error")
    assert b"secret" not in response.content
    assert b"Traceback" not in response.content


@pytest.mark.parametrize(
    ("state", "status", "retry_after"),
    [("55P03", 503, "1"), ("40001", 503, "1"), ("57014", 503, "5"), ("57P01", 503, "5"), ("22003", 400, None)],
)
def test_faults_of_the_database(call: Any, state: str, status: int, retry_after: str | None) -> None:
    response = call()("GET", f"/api/database/{state}")
    assert response.status_code == status
    assert response.headers.get("Retry-After") == retry_after


def test_flat_answers_stand_beside_success(call: Any) -> None:
    assert call()("POST", "/api/auth/login", {"name": "x"}).json() == {"success": True, "token": "x"}


def test_the_alias_and_trailing_slashes_are_spelled_right_for_every_method(call: Any) -> None:
    assert call()("POST", "/auth/api/auth/login/", {"name": "x"}).json() == {"success": True, "token": "x"}
    note = make_note()
    assert call("somebody")("DELETE", f"/api/notes/{note.id}/").status_code == 204


def test_a_sentence_for_people_may_stand_beside_data(call: Any) -> None:
    response = call("finance")("POST", "/api/staff")
    assert response.json() == {"success": True, "data": {"done": True}, "message": "Done."}


def test_an_etag_saves_the_second_answer(call: Any) -> None:
    note = make_note()
    first = call()("GET", f"/api/notes/{note.id}")
    again = call()("GET", f"/api/notes/{note.id}", If_None_Match=f'W/{first["ETag"]}, "other"')
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    note.name = "changed"
    note.save()
    assert call()("GET", f"/api/notes/{note.id}", If_None_Match=first["ETag"]).status_code == 200


def test_ids_are_made_or_taken_over(call: Any) -> None:
    assert UUID(call()("GET", "/api/notes")["X-Request-ID"])
    assert call()("GET", "/api/notes", X_Request_ID="abc-1")["X-Request-ID"] == "abc-1"
    for strange in ("", "a" * 65, "a b", "ü", "<script>"):
        assert UUID(call()("GET", "/api/notes", X_Request_ID=strange)["X-Request-ID"])


def test_private_answers_are_kept_by_nobody(call: Any) -> None:
    response = call()("GET", "/api/notes")
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_only_listed_origins_may_ask_from_a_browser(call: Any, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.khidma.example"]
    asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "idempotency-key,authorization"}
    allowed = call()("OPTIONS", "/api/notes", Origin="https://app.khidma.example", **asked)
    assert allowed.status_code == 200
    assert allowed["Access-Control-Allow-Origin"] == "https://app.khidma.example"
    assert "idempotency-key" in allowed["Access-Control-Allow-Headers"]
    refused = call()("OPTIONS", "/api/notes", Origin="https://evil.example", **asked)
    assert "Access-Control-Allow-Origin" not in refused
    assert "Access-Control-Allow-Origin" not in call()("GET", "/api/notes", Origin="null")
    assert (
        "X-Request-ID"
        in call()("GET", "/api/notes", Origin="https://app.khidma.example")["Access-Control-Expose-Headers"]
    )
