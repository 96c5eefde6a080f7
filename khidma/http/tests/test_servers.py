"""The doors to Django, driven as a server drives them."""

import io
import json
from typing import Any

import httpx
import pytest
from django.test import override_settings

from khidma.http.servers import MAX_UPLOAD, asgi_application, wsgi_application

pytestmark = pytest.mark.urls("khidma.http.tests.urls")

MIB = 1024 * 1024
HEADERS = {"Authorization": "Bearer somebody", "Content-Type": "application/json"}
CHARSETS = ["bz2_codec", "utf-16", "latin-1", "rot13", "idna", "undefined", "nonsense", '"utf-7"', ""]


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(asgi_application()), base_url="http://localhost")


async def stored(http: httpx.AsyncClient) -> list[str]:
    return [note["name"] for note in (await http.get("/api/notes")).json()["data"]]


@pytest.mark.parametrize("charset", CHARSETS)
async def test_strange_charsets_are_ignored(committed_db: None, charset: str) -> None:
    headers = {**HEADERS, "Content-Type": f"application/json; charset={charset}"}
    async with client() as http:
        body = '{"name": "नमस्ते"}'.encode()
        assert (await http.post("/api/notes?x=%ff", content=body, headers=headers)).status_code == 201
        assert await stored(http) == ["नमस्ते"]
        found = await http.request("GET", "/api/notes?name=%E0%A4%A8&x=%ff", content=b"", headers=headers)
        assert (found.status_code, found.json()["data"]) == (200, [])


async def test_a_chunked_body_is_bounded_too(committed_db: None) -> None:
    async def chunks() -> Any:
        yield b'{"name": "'
        for _ in range(20):
            yield b"x" * 100_000
        yield b'"}'

    async with client() as http:
        response = await http.post("/api/notes", content=chunks(), headers=HEADERS)
        assert (response.status_code, response.json()["error"]["code"]) == (413, "payload_too_large")
        assert response.headers["X-Request-ID"] == response.json()["error"]["requestId"]
        assert await stored(http) == []


async def test_a_chunked_body_within_bounds_is_read(committed_db: None) -> None:
    async def chunks() -> Any:
        yield b'{"name": '
        yield b'"chunked"}'

    async with client() as http:
        response = await http.post("/api/notes", content=chunks(), headers=HEADERS)
        assert response.status_code == 201
        assert await stored(http) == ["chunked"]


async def test_uploads_have_a_bound_of_their_own(committed_db: None) -> None:
    async with client() as http:
        response = await http.post("/api/media", content=b"x" * (MIB + 1), headers=HEADERS)
        assert response.status_code == 404, "no such address in this tiny API, but the body was let through"

        async def endless() -> Any:
            while True:
                yield b"x" * MIB

        response = await http.post("/api/media", content=endless(), headers=HEADERS)
    assert response.json()["error"]["details"] == {"limit": MAX_UPLOAD}


@pytest.mark.parametrize("charset", CHARSETS)
@override_settings(ALLOWED_HOSTS=["localhost"])
def test_wsgi_ignores_strange_charsets_too(committed_db: None, charset: str) -> None:
    body = '{"name": "नमस्ते"}'.encode()
    answered: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/notes",
        "QUERY_STRING": "x=%ff",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": f"application/json; charset={charset}",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": "Bearer somebody",
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
    }
    content = b"".join(wsgi_application()(environ, lambda status, headers: answered.append(status)))
    assert answered == ["201 Created"]
    assert json.loads(content)["data"]["name"] == "नमस्ते"
