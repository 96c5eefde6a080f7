"""Input never causes a 5xx: what is hostile is refused by name, and leaves nothing behind."""

import json
from typing import Any

import pytest

from khidma.http.fields import LAST_MOMENT, milliseconds
from khidma.kernel.models import OutboxEvent

pytestmark = [pytest.mark.django_db, pytest.mark.urls("khidma.http.tests.urls")]

NOTE = b'{"name": "x", "kind": %s}'
MIB = 1024 * 1024

HOSTILE = {
    "200 000 nested brackets": (b"[" * 200_000, 400, "malformed_request"),
    "nested brackets that close": (b"[" * 200_000 + b"]" * 200_000, 400, "malformed_request"),
    "nested objects": (b'{"a":' * 100_000, 400, "malformed_request"),
    "depth 33 in a field": (b'{"name": ' + b"[" * 32 + b"]" * 32 + b"}", 400, "malformed_request"),
    "depth 32 in a field": (b'{"name": ' + b"[" * 31 + b"]" * 31 + b"}", 400, "validation_error"),
    "1e999": (b'{"name": "x", "latitude": 1e999}', 400, "malformed_request"),
    "-1e999": (b'{"name": "x", "latitude": -1e999}', 400, "malformed_request"),
    "NaN": (b'{"name": "x", "latitude": NaN}', 400, "malformed_request"),
    "Infinity": (b'{"name": "x", "latitude": Infinity}', 400, "malformed_request"),
    "NUL in a string": (b'{"name": "a\\u0000b"}', 400, "malformed_request"),
    "a raw NUL": (b'{"name": "a\x00b"}', 400, "malformed_request"),
    "NUL in a name": (b'{"name": "x", "a\\u0000": 1}', 400, "malformed_request"),
    "half a surrogate pair": (b'{"name": "\\ud800"}', 400, "malformed_request"),
    "the other half": (b'{"name": "\\uDFFF"}', 400, "malformed_request"),
    "halves in the wrong order": (b'{"name": "\\udc00\\ud800"}', 400, "malformed_request"),
    "an encoded surrogate": (b'{"name": "\xed\xa0\x80"}', 400, "malformed_request"),
    "10^30": (b'{"name": "x", "budgetMin": 1000000000000000000000000000000}', 400, "validation_error"),
    "10^5000": (b'{"name": "x", "budgetMin": 1' + b"0" * 5000 + b"}", 400, "malformed_request"),
    "2^63": (b'{"name": "x", "budgetMin": 9223372036854775808}', 400, "validation_error"),
    "a moment of 10^30": (b'{"name": "x", "dueAt": 1000000000000000000000000000000}', 400, "validation_error"),
    "a number as text": (b'{"name": "x", "budgetMin": "1000"}', 400, "validation_error"),
    "1_000": (b'{"name": "x", "budgetMin": "1_000"}', 400, "validation_error"),
    "1_000 bare": (b'{"name": "x", "budgetMin": 1_000}', 400, "malformed_request"),
    "digits of another script": ('{"name": "x", "budgetMin": "१२३"}'.encode(), 400, "validation_error"),
    "bare digits of another script": ('{"name": "x", "budgetMin": १२३}'.encode(), 400, "malformed_request"),
    "true for a number": (b'{"name": "x", "budgetMin": true}', 400, "validation_error"),
    "a float for a number": (b'{"name": "x", "budgetMin": 1.0}', 400, "validation_error"),
    "an exponent for a number": (b'{"name": "x", "budgetMin": 1e3}', 400, "validation_error"),
    "zero paise": (b'{"name": "x", "budgetMin": 0}', 400, "validation_error"),
    "negative paise": (b'{"name": "x", "budgetMin": -1}', 400, "validation_error"),
    "a paisa over the cap": (b'{"name": "x", "budgetMin": 1000000001}', 400, "validation_error"),
    "a number for a text": (b'{"name": 5}', 400, "validation_error"),
    "an object for a text": (b'{"name": {}}', 400, "validation_error"),
    "null for a text": (b'{"name": null}', 400, "validation_error"),
    "text of spaces": (b'{"name": "   "}', 400, "validation_error"),
    "text of hidden characters": ('{"name": "\u202e\u200f"}'.encode(), 400, "validation_error"),
    "1 for a flag": (b'{"name": "x", "isOpen": 1}', 400, "validation_error"),
    "text for a flag": (b'{"name": "x", "isOpen": "true"}', 400, "validation_error"),
    "a strange word": (NOTE % b'"elsewhere"', 400, "validation_error"),
    "a list for a word": (NOTE % b"[]", 400, "validation_error"),
    "an object for a list": (b'{"name": "x", "tags": {}}', 400, "validation_error"),
    "text for a list": (b'{"name": "x", "tags": "a,b"}', 400, "validation_error"),
    "a long list": (b'{"name": "x", "tags": ["a", "b", "c", "d"]}', 400, "validation_error"),
    "a value twice": (b'{"name": "x", "tags": ["a", "a"]}', 400, "validation_error"),
    "an id of another script": (
        '{"name": "x", "noteId": "०1980000-0000-7000-8000-000000000000"}'.encode(),
        400,
        "validation_error",
    ),
    "an id in braces": (b'{"name": "x", "noteId": "{01980000-0000-7000-8000-000000000000}"}', 400, "validation_error"),
    "a day that is none": (b'{"name": "x", "startsOn": "2026-02-30"}', 400, "validation_error"),
    "a day of the year 0": (b'{"name": "x", "startsOn": "0000-01-01"}', 400, "validation_error"),
    "a week for a day": (b'{"name": "x", "startsOn": "2026-W01-1"}', 400, "validation_error"),
    "a number for a day": (b'{"name": "x", "startsOn": 20260101}', 400, "validation_error"),
    "a script for an address": (b'{"name": "x", "webAddress": "javascript:alert(1)"}', 400, "validation_error"),
    "plain http": (b'{"name": "x", "webAddress": "http://example.org"}', 400, "validation_error"),
    "a latitude off the earth": (b'{"name": "x", "latitude": 91}', 400, "validation_error"),
    "an unknown field": (b'{"name": "x", "budget_min": 5}', 400, "validation_error"),
    "a duplicate key": (b'{"name": "x", "name": "y"}', 400, "malformed_request"),
    "a duplicate key spelled differently": (b'{"name": "x", "n\\u0061me": "y"}', 400, "malformed_request"),
    "no object": (b"[1]", 400, "validation_error"),
    "only null": (b"null", 400, "validation_error"),
    "nothing": (b"", 400, "validation_error"),
    "half an object": (b'{"name": "x"', 400, "malformed_request"),
    "two objects": (b'{"name": "x"}{}', 400, "malformed_request"),
    "a comment": (b'{"name": "x"} // hi', 400, "malformed_request"),
    "a byte order mark": (b'\xef\xbb\xbf{"name": "x"}', 400, "malformed_request"),
    "UTF-16": ('{"name": "x"}'.encode("utf-16"), 400, "malformed_request"),
    "Latin-1": ('{"name": "é"}'.encode("latin-1"), 400, "malformed_request"),
    "quotes without end": (b'"' + b'\\"' * 200_000, 400, "malformed_request"),
    "backslashes without end": (b'"' + b"\\" * 400_001, 400, "malformed_request"),
    "over a mebibyte": (b'{"name": "' + b"x" * MIB + b'"}', 413, "payload_too_large"),
    "text that is too long": (b'{"name": "' + b"x" * 101 + b'"}', 400, "validation_error"),
    "20 000 unknown fields": (
        json.dumps({f"field{index}": 1 for index in range(20_000)}).encode(),
        400,
        "validation_error",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies(call: Any, name: str) -> None:
    body, status, code = HOSTILE[name]
    response = call("somebody")("POST", "/api/notes", body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert len(response.content) < 5_000
    assert not OutboxEvent.objects.exists()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("budgetMin=1_000", "budgetMin"),
        ("budgetMin=१२३", "budgetMin"),
        ("budgetMin=1e3", "budgetMin"),
        ("budgetMin=%2B5", "budgetMin"),
        ("budgetMin=99999999999999999999999999999999", "budgetMin"),
        ("isOpen=yes", "isOpen"),
        ("isOpen=1", "isOpen"),
        ("since=tomorrow", "since"),
        ("since=-1", "since"),
        ("name=%00", "name"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.5", "page"),
        ("page=99999999999999999999", "page"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=all", "limit"),
        ("cursor=garbage", "cursor"),
        ("cursor=WyJhIl0:abc", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=" + "x" * 1001, "cursor"),
    ],
)
def test_hostile_queries(call: Any, query: str, field: str) -> None:
    response = call()("GET", f"/api/notes?{query}")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "validation_error")
    assert list(response.json()["error"]["details"]) == [field]


def test_queries_are_read_from_text(call: Any) -> None:
    path = "/api/notes?name=old&name=new&isOpen=false&budgetMin=5&names=a,b&since=1000&unknown=1&search=&page=2"
    response = call()("GET", path)
    assert response.json()["summary"] == {"asked": ["budget_min", "is_open", "name", "names", "since"]}


def test_good_values_pass(call: Any) -> None:
    body = {
        "name": "  Räksmörgås 👩‍🔧 नमस्ते \u202e evil\x07\r\nline ",
        "budgetMin": 1_000_000_000,
        "dueAt": milliseconds(LAST_MOMENT) - 1,
        "startsOn": "2028-02-29",
        "noteId": "01980000-0000-7000-8000-00000000ABCD",
        "isOpen": False,
        "kind": "on_site",
        "tags": ["web-design", "a"],
        "latitude": -90,
        "webAddress": "https://example.org/a?b=c",
    }
    assert call("somebody")("POST", "/api/notes", body).status_code == 201
    assert OutboxEvent.objects.get().name == "Räksmörgås 👩‍🔧 नमस्ते  evil\nline"


def test_escaped_backslashes_are_no_nul(call: Any) -> None:
    assert call("somebody")("POST", "/api/notes", b'{"name": "C:\\\\u0000 \\ud83d\\ude00"}').status_code == 201
    assert OutboxEvent.objects.get().name == "C:\\u0000 😀"


def test_refusals_of_a_field_come_under_its_name(call: Any) -> None:
    response = call("somebody")("POST", "/api/notes", {"name": "forbidden", "tags": ["A b"], "x_y": 1})
    assert response.json()["error"]["details"] == {
        "x_y": ["There is no such field."],
        "name": ["Not this name."],
        "tags.0": ["Must be lower-case letters, digits and hyphens."],
    }


def test_an_operation_may_set_a_limit_of_its_own(call: Any) -> None:
    assert call()("POST", "/api/webhooks/payment", b"\xff" * 1000).json()["data"] == {"length": 1000}
    assert call()("POST", "/api/webhooks/payment", b"\xff" * 1001).status_code == 413


def test_hostile_requests_that_no_view_sees(call: Any) -> None:
    many = "&".join(f"field{index}=1" for index in range(3000))
    assert call()("GET", f"/api/notes?{many}").json()["error"]["code"] == "malformed_request"
    assert call()("GET", "/api/notes", Host="evil.example.org").json()["error"]["code"] == "malformed_request"
    assert call()("GET", "/api/" + "a/" * 2000).json()["error"]["code"] == "not_found"
