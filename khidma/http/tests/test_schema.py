"""The document: valid OpenAPI 3.1, complete, and saying what the server does."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from khidma.http.operations import operation_of
from khidma.http.schema import catalogue_table, document
from khidma.http.views import ApiView
from khidma.kernel.errors import catalogue

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    """The document of the tiny API."""
    generator: Any = SchemaGenerator(urlconf="khidma.http.tests.urls")  # type: ignore[no-untyped-call]
    found: dict[str, Any] = generator.get_schema(request=None, public=True)
    return found


def routes(patterns: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern), pattern.callback


def api_routes() -> dict[str, Any]:
    return {
        route: callback
        for route, callback in routes(get_resolver("khidma.urls").url_patterns)
        if route.startswith("api/") and hasattr(callback, "cls")
    }


def test_every_route_of_the_api_declares_its_operations() -> None:
    for route, callback in api_routes().items():
        assert issubclass(callback.cls, ApiView), f"{route} is no ApiView"
        handlers = [method for method in METHODS if hasattr(callback.cls, method)]
        assert handlers, f"{route} answers nothing"
        for method in handlers:
            assert operation_of(callback.cls, method), f"{method} {route} has no @operation"


def test_the_document_of_the_whole_api_is_valid_and_warns_of_nothing() -> None:
    with GENERATOR_STATS.silence():
        GENERATOR_STATS.reset()
        whole = document.__wrapped__()
        complaints = [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]
    validate_schema(whole)  # type: ignore[no-untyped-call]
    assert whole["openapi"].startswith("3.1")
    assert complaints == []


def test_every_operation_stands_in_the_document_once() -> None:
    whole = document.__wrapped__()
    described = {(path, method) for path, item in whole["paths"].items() for method in item}
    declared = sum(
        operation_of(callback.cls, method) is not None for callback in api_routes().values() for method in METHODS
    )
    health = {("/healthz", "get"), ("/readyz", "get")}
    assert len(described - health) == declared
    assert health <= described
    ids = [operation["operationId"] for item in whole["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


def test_every_code_of_the_catalogue_stands_in_the_document() -> None:
    whole = document.__wrapped__()
    assert whole["components"]["schemas"]["ErrorCode"]["enum"] == sorted(catalogue())
    assert all(f"`{code}`" in whole["info"]["description"] for code in catalogue())
    assert catalogue_table().count("\n") == len(catalogue()) + 1


def test_a_feed_is_described_whole(small: dict[str, Any]) -> None:
    listing = small["paths"]["/api/notes"]["get"]
    parameters = {parameter["name"]: parameter for parameter in listing["parameters"]}
    assert set(parameters) == {"budgetMin", "cursor", "isOpen", "limit", "name", "names", "page", "since"}
    assert parameters["limit"]["schema"] == {"type": "integer", "maximum": 100, "minimum": 1, "default": 20}
    assert parameters["names"]["explode"] is False
    envelope = listing["responses"]["200"]["content"]["application/json"]["schema"]
    assert envelope["properties"]["data"] == {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}
    assert envelope["properties"]["pagination"] == {"$ref": "#/components/schemas/FeedPagination"}
    assert listing["summary"] == "Notes."
    assert "Newest first." in listing["description"]
    assert listing["security"] == [{"bearer": []}, {}]
    assert {"401", "403"} & set(listing["responses"]) == {"401"}


@pytest.mark.parametrize("path", ["/api/payments/create-order", "/api/payments/verify", "/api/wallet/withdraw"])
def test_what_is_named_in_a_body_may_be_unknown(path: str) -> None:
    assert "404" in document()["paths"][path]["post"]["responses"]


def test_a_command_is_described_whole(small: dict[str, Any]) -> None:
    change = small["paths"]["/api/notes/{noteId}"]["patch"]
    assert change["parameters"][0]["name"] == "noteId"
    assert "Idempotency-Key" in [parameter["name"] for parameter in change["parameters"]]
    assert change["responses"]["409"]["x-error-codes"] == ["idempotency_conflict", "note_closed"]
    assert {"400", "401", "403", "404", "409", "413", "415", "429", "500", "503"} <= set(change["responses"])
    body = small["components"]["schemas"]["NoteBodyRequest"]
    assert "budgetMin" in body["properties"]
    assert body["required"] == ["name"]
    assert body["properties"]["dueAt"]["type"] == "integer"
    created = small["paths"]["/api/notes"]["post"]["responses"]["201"]
    assert set(created["headers"]) >= {"Location", "RateLimit-Remaining", "X-Request-ID"}


def test_names_of_answers_are_those_of_the_wire(small: dict[str, Any]) -> None:
    note = small["components"]["schemas"]["Note"]
    assert list(note["properties"]) == ["id", "name", "payload", "requestId", "createdAt"]


def test_the_document_and_its_page_are_served_from_here(client: Any) -> None:
    response = client.get("/api/schema")
    assert response.json()["openapi"].startswith("3.1")
    assert client.get("/api/schema", headers={"If-None-Match": response["ETag"]}).status_code == 304
    page = client.get("/api/docs", headers={"Accept": "text/html"})
    assert page["Content-Type"].startswith("text/html")
    assert "'unsafe-inline'" not in page["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    text = page.content.decode()
    assert "http://" not in text
    assert "https://" not in text
    for address in ("swagger-ui-bundle.js", "swagger-ui.css", "docs.js"):
        assert address in text


pytestmark = pytest.mark.django_db
