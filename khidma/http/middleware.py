"""What happens to every request before routing and to every response: ids, addresses, language, headers, the log."""

import re
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request, override

from khidma.http import logs, metrics
from khidma.http.addresses import client_address
from khidma.http.handler import not_found
from khidma.http.policies import policy_for
from khidma.kernel import context
from khidma.kernel.ids import new_id

Next = Callable[[HttpRequest], HttpResponseBase]

SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
WITHOUT_TRAILING_SLASH = re.compile(r"/(api|auth|dev|healthz|readyz|metrics)(/|$)")
ALIASES = {"/auth/api/auth/login": "/api/auth/login"}


class RequestContext:
    """The outermost layer: gives the request its id, and says in one line what became of it."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        chosen = given if SANE_ID.fullmatch(given) else str(new_id())
        id_token = context.request_id.set(chosen)
        address_token = context.client_address.set(client_address(request))
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            seconds = time.perf_counter() - started
            response["X-Request-ID"] = chosen
            metrics.count_request(request, response, seconds)
            logs.log_request(request, response, seconds)
            return response
        finally:
            context.client_address.reset(address_token)
            context.request_id.reset(id_token)


class Addresses:
    """Spells addresses one way before routing: no trailing slash, no alias; text is UTF-8 whatever a header says."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.encoding = "utf-8"
        path = request.path_info
        if "\x00" in path:
            return not_found(request)
        if path.endswith("/") and WITHOUT_TRAILING_SLASH.match(path):
            path = path.rstrip("/")
        path = ALIASES.get(path, path)
        if path != request.path_info:
            request.path_info = request.path = path
        return self.get_response(request)


class Language:
    """Speaks to callers of the API in the language of their `Accept-Language`; operators' pages stay English."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith("/api/"):
            return self.get_response(request)
        language = get_language_from_request(request)
        with override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language"])
        return response


class ResponseHeaders:
    """Adds what every browser should know: where scripts may come from, and that private answers are not to be kept."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy_for(request.path_info))
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if isinstance(response, HttpResponse) and response.headers.get("Content-Type", "").startswith(
            "application/json"
        ):
            response.headers.setdefault("Cache-Control", "no-store")
        return response
