"""The base of every address of the API: checks in their order, one transaction, one shape of answer."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.exceptions import NotAuthenticated as DrfNotAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from khidma.http import access, limits, paging, parsers
from khidma.http.answers import AfterCommit, Answer
from khidma.http.errors import MethodNotAllowed
from khidma.http.handler import error_response
from khidma.http.operations import SAFE_METHODS, Operation, operation, operation_of
from khidma.http.paging import Paged
from khidma.http.renderers import Envelope, json_response
from khidma.http.running import Run
from khidma.http.uploads import Upload, read_upload
from khidma.kernel.errors import Unauthenticated


class ApiView(APIView):
    """One address. Each method is declared with `@operation`; a method that is not declared does not exist."""

    permission_classes = ()
    throttle_classes = ()

    # The checks, in the order of the contract

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """405 and 406, then 401, 429 and the 403 of roles; 404, other 403, 400 and 409 are found by the method."""
        method = str(request.method)
        if method == "OPTIONS":
            return
        described = operation_of(self, method)
        if described is None:
            raise MethodNotAllowed(details={"allowed": self.allowed_methods})
        self._require_acceptable(request, described)
        self._authenticate(described)
        access.require_known(described, request.user)
        self.counted = limits.count(request, described.limit_class(method), fail_closed=described.fail_closed)
        access.require_allowed(described, request.user, method)

    def _require_acceptable(self, request: Request, described: Operation) -> None:
        """:raises rest_framework.exceptions.NotAcceptable: the caller does not accept what the operation produces."""
        if not request.headers.get("Accept", "").strip():
            return
        renderer = Envelope()
        renderer.media_type = described.produces
        self.get_content_negotiator().select_renderer(request, [renderer], None)

    def _authenticate(self, described: Operation) -> None:
        """Find out who calls; where nobody need sign in, a token that is no longer good makes nobody of them."""
        try:
            self.request.user  # noqa: B018
        except (Unauthenticated, AuthenticationFailed, DrfNotAuthenticated):
            if described.access != "public":
                raise
            self.request.user = AnonymousUser()
            self.request.auth = None

    @property
    def allowed_methods(self) -> list[str]:
        return [name.upper() for name in self.http_method_names if operation_of(self, name)] + ["OPTIONS"]

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return json_response(None, status=204)

    def handle_exception(self, exc: Exception) -> Any:
        return error_response(exc)

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        counted = getattr(self, "counted", None)
        for name, value in (counted.headers() if counted else {}).items():
            response.headers.setdefault(name, value)
        if response.status_code == 405 or request.method == "OPTIONS":
            response["Allow"] = ", ".join(self.allowed_methods)
        described = operation_of(self, str(request.method))
        if described and described.etag and isinstance(response, HttpResponse) and response.status_code == 200:
            return with_etag(self.django_request, response)
        return response

    # What the methods use

    @property
    def django_request(self) -> HttpRequest:
        """Django's own request, below DRF's."""
        return self.request._request

    @cached_property
    def described(self) -> Operation:
        found = operation_of(self, str(self.request.method))
        if found is None:
            raise MethodNotAllowed
        return found

    @property
    def raw_body(self) -> bytes:
        """The body as it came. :raises PayloadTooLarge: it is longer than the operation allows."""
        return parsers.read_body(self.django_request, self.described.max_body)

    @cached_property
    def json(self) -> Any:
        """The body as JSON, not validated; an empty one is an empty object. :raises Malformed, UnsupportedMediaType:"""
        raw = self.raw_body
        if not raw.strip():
            return {}
        parsers.require_json(self.django_request)
        return parsers.parse_json(raw)

    @cached_property
    def upload(self) -> Upload:
        """The file and the fields of an upload. :raises Malformed, PayloadTooLarge, UnsupportedMediaType:"""
        return read_upload(self.django_request, self.described.max_body)

    def body(self, **context: Any) -> dict[str, Any]:
        """The body, validated and in snake_case. :raises Malformed, Invalid, PayloadTooLarge, UnsupportedMediaType:"""
        if self.described.body is None:
            raise TypeError("this operation declares no body")
        partial = self.request.method == "PATCH" if self.described.partial is None else self.described.partial
        data = self.upload.fields if self.described.upload else self.json
        serializer = self.described.body(data=data, partial=partial, context={**self.context, **context})
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def query(self, **context: Any) -> dict[str, Any]:
        """The query parameters that the operation declares. :raises Invalid: with what is wrong with which."""
        if self.described.query is None:
            raise TypeError("this operation declares no query")
        serializer = self.described.query(data=self.django_request.GET, context={**self.context, **context})
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    @property
    def context(self) -> dict[str, Any]:
        """What serializers may ask for: `request` (its `user`) and `view`."""
        return {"request": self.request, "view": self}

    def page(self, rows: QuerySet[Any] | Sequence[Any], **extras: Any) -> Paged:
        """One page of a list; keyword arguments (stats, summary) go beside `data`."""
        asked = self._place(paging.PageQuery)
        paged = paging.page(rows, number=asked["page"], limit=asked["limit"])
        paged.extras.update(extras)
        return paged

    def feed(
        self,
        rows: QuerySet[Any],
        *,
        order: Sequence[str] = ("-created_at", "-id"),
        narrow: paging.Narrow | None = None,
        **extras: Any,
    ) -> Paged:
        """One page of a feed, by number or after a cursor. All keys of the order point one way; the last is unique."""
        asked = self._place(paging.FeedQuery)
        scope = f"{type(self).__module__}.{type(self).__qualname__}"
        paged = paging.feed(
            rows,
            order=order,
            number=asked["page"],
            limit=asked["limit"],
            cursor=asked.get("cursor"),
            scope=scope,
            narrow=narrow,
        )
        paged.extras.update(extras)
        return paged

    def _place(self, query: type[paging.PageQuery]) -> dict[str, Any]:
        serializer = query(data=self.django_request.GET)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def run(self, method: Callable[..., Any], arguments: dict[str, Any]) -> HttpResponseBase:
        """Run the method and shape its result; one that may write runs as `Run` says."""
        if self.request.method in SAFE_METHODS:
            result = method(self, self.request, **arguments)
            return result if isinstance(result, HttpResponseBase) else self.respond(result)
        return Run(self, method, arguments).answer()

    # The shape of the answer

    def respond(self, result: Any) -> HttpResponse:
        """The response that a method's result means."""
        if isinstance(result, HttpResponse):
            return result
        answer = result if isinstance(result, Answer) else Answer(result)
        payload = self._page_payload(answer.data) if isinstance(answer.data, Paged) else self._payload(answer)
        payload.update(answer.extras)
        if answer.message is not None:
            payload["message"] = str(answer.message)
        status = answer.status or self.described.status or (204 if self._says_nothing(answer) else 200)
        return json_response(payload, status=status, headers={**self._location(answer, status), **answer.headers})

    def _payload(self, answer: Answer) -> dict[str, Any]:
        if answer.data is None:
            return (
                {"success": True}
                if self._says_nothing(answer) or self.described.flat
                else {"success": True, "data": {}}
            )
        data = answer.data if answer.plain else self._serialise(answer.data, many=self.described.many)
        return {"success": True, **data} if self.described.flat else {"success": True, "data": data}

    def _says_nothing(self, answer: Answer) -> bool:
        return self.request.method == "DELETE" and answer.data is None and answer.message is None

    def _page_payload(self, paged: Paged) -> dict[str, Any]:
        return {
            "success": True,
            "data": self._serialise(paged.items, many=True),
            "pagination": paged.pagination,
            **paged.extras,
        }

    def _serialise(self, data: Any, *, many: bool) -> Any:
        serializer = self.described.returns
        return data if serializer is None else serializer(data, many=many, context=self.context).data

    def _location(self, answer: Answer, status: int) -> dict[str, str]:
        return (
            {"Location": self.described.location(answer.data)}
            if self.described.location and status in {201, 202}
            else {}
        )


def with_etag(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response with its ETag, or 304 if the caller has it already."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
    if etag in known or "*" in known:
        unchanged = json_response(None, status=304)
        for name, value in response.headers.items():
            if name.startswith("RateLimit"):
                unchanged[name] = value
        response = unchanged
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Authorization"
    return response


__all__ = ["AfterCommit", "Answer", "ApiView", "Operation", "Paged", "operation"]
