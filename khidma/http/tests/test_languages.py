"""In which language the API speaks: what `Accept-Language` asks for, among English and Hindi."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import get_language

from khidma.http.documents import document_bytes
from khidma.http.schema import document
from khidma.http.tests.test_answers import make_note

pytestmark = [pytest.mark.django_db, pytest.mark.urls("khidma.http.tests.urls")]

LOG_IN, LOG_IN_IN_HINDI = "Please log in.", "कृपया लॉग इन करें।"


@pytest.mark.parametrize(
    ("asked", "language", "message"),
    [
        ("hi", "hi", LOG_IN_IN_HINDI),
        ("hi-IN,hi;q=0.9,en;q=0.8", "hi", LOG_IN_IN_HINDI),
        ("mr,hi;q=0.5", "hi", LOG_IN_IN_HINDI),
        ("en-IN,hi;q=0.5", "en", LOG_IN),
        ("fr", "en", LOG_IN),
        ("*", "en", LOG_IN),
        ("hi;q=many,\x7f,;;", "en", LOG_IN),
        ("x" * 5000, "en", LOG_IN),
        ("", "en", LOG_IN),
    ],
)
def test_a_refusal_is_in_the_language_asked_for_and_its_code_never_changes(
    call: Any, asked: str, language: str, message: str
) -> None:
    response = call()("POST", "/api/notes", {"name": "first"}, Accept_Language=asked)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["message"]) == (401, "not_authenticated", message)
    assert response["Content-Language"] == language
    assert "Accept-Language" in response["Vary"]


def test_what_is_wrong_with_a_field_is_in_hindi_too(call: Any) -> None:
    body = {"name": "x" * 101, "budgetMin": 0, "kind": "dancing", "tags": ["a", "a"], "latitude": "1", "other": 1}
    response = call("somebody")("POST", "/api/notes", body, Accept_Language="hi")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "validation_error"
    assert response.json()["error"]["message"] == "कुछ जानकारी सही नहीं है।"
    assert response.json()["error"]["details"] == {
        "name": ["इसमें ज़्यादा से ज़्यादा 100 अक्षर हो सकते हैं।"],
        "budgetMin": ["यह कम से कम 1 होना चाहिए।"],
        "kind": ["इनमें से एक चुनें: remote, on_site।"],
        "tags": ["इसमें एक ही चीज़ दो बार नहीं हो सकती।"],
        "latitude": ["यह संख्या होनी चाहिए।"],
        "other": ["ऐसी कोई जानकारी नहीं माँगी गई है।"],
    }
    missing = call("somebody")("POST", "/api/notes", {}, Accept_Language="hi")
    assert missing.json()["error"]["details"] == {"name": ["यह जानकारी देना ज़रूरी है।"]}


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/api/nowhere", 404, "यह नहीं मिला।"),
        ("/api/nowhere/", 404, "यह नहीं मिला।"),
        ("/api/defect", 500, "हमारी ओर से कुछ गड़बड़ हुई। कृपया फिर कोशिश करें।"),
    ],
)
def test_so_are_refusals_from_outside_of_a_method(call: Any, path: str, status: int, message: str) -> None:
    response = call("somebody")("GET", path, Accept_Language="hi")
    assert (response.status_code, response.json()["error"]["message"]) == (status, message)


def test_the_next_caller_does_not_get_the_language_of_the_one_before(call: Any) -> None:
    before = get_language()
    body = {"name": "x" * 101}
    in_hindi = call("somebody")("POST", "/api/notes", body, Accept_Language="hi").json()["error"]["details"]["name"]
    in_english = call("somebody")("POST", "/api/notes", body).json()["error"]["details"]["name"]
    assert in_hindi != in_english == ["Ensure this field has no more than 100 characters."]
    assert get_language() == before


def test_whoever_asks_in_another_language_is_not_told_that_nothing_has_changed_by_a_shared_cache(call: Any) -> None:
    response = call()("GET", f"/api/notes/{make_note().id}", Accept_Language="hi")
    assert {name.strip() for name in response["Vary"].split(",")} >= {"Authorization", "Accept-Language"}


@pytest.mark.urls("khidma.urls")  # what is made here is kept for every other test of this process
def test_the_document_of_the_api_is_in_english_whoever_asks_first(call: Any) -> None:
    document.cache_clear()
    document_bytes.cache_clear()
    response = call()("GET", "/api/schema", Accept_Language="hi")
    assert LOG_IN in response.content.decode()
    assert LOG_IN_IN_HINDI not in response.content.decode()


@pytest.mark.urls("khidma.urls")
def test_pages_of_operators_stay_english() -> None:
    page = Client().get("/admin/login/", headers={"Accept-Language": "hi"})
    assert page.status_code == 200
    assert not re.search(r"[\u0900-\u097f]", page.content.decode())
