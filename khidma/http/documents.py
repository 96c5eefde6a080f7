"""Addresses that belong to no app: health, figures, the API's document and the page to read and try it."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request

from khidma.http.handler import not_found
from khidma.http.health import NotReady, readiness
from khidma.http.renderers import json_bytes
from khidma.http.schema import document
from khidma.http.views import Answer, ApiView, operation, with_etag

SWAGGER = "drf_spectacular_sidecar/swagger-ui-dist/"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Khidma API</title>
<link rel="icon" href="{icon}">
<link rel="stylesheet" href="{swagger_style}">
<link rel="stylesheet" href="{style}">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{swagger}"></script>
<script src="{script}"></script>
</body>
</html>
"""


class Healthz(ApiView):
    @operation(access="public", limit="none", name="healthz")
    def get(self, request: Request) -> Any:
        """The process is up."""
        return Answer({"status": "ok"}, plain=True)


class Readyz(ApiView):
    @operation(access="public", limit="none", errors=[NotReady], name="readyz")
    def get(self, request: Request) -> Any:
        """Database, cache and migrations are ready."""
        return Answer({"status": "ready", "checks": readiness()}, plain=True)


class SchemaDocument(ApiView):
    @operation(access="public", produces="application/json", name="schema")
    def get(self, request: Request) -> Any:
        """This document."""
        return with_etag(self.django_request, HttpResponse(document_bytes(), content_type="application/json"))


class Docs(ApiView):
    @operation(access="public", produces="text/html", name="docs")
    def get(self, request: Request) -> Any:
        """The document as a page, to read and try."""
        return HttpResponse(
            format_html(
                PAGE,
                icon=static(f"{SWAGGER}favicon-32x32.png"),
                swagger_style=static(f"{SWAGGER}swagger-ui.css"),
                style=static("khidma_http/docs.css"),
                swagger=static(f"{SWAGGER}swagger-ui-bundle.js"),
                script=static("khidma_http/docs.js"),
            )
        )


@csrf_exempt
def no_such_address(request: HttpRequest, path: str = "") -> HttpResponse:
    """What under /api stands in no app's list."""
    return not_found(request)


@cache
def document_bytes() -> bytes:
    return json_bytes(document())
