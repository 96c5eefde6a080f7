"""The OpenAPI 3.1 document, written from what `@operation` declares: envelopes, paging, refusals, headers and all."""

from collections import defaultdict
from functools import cache
from typing import Any

from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import Serializer

from khidma.http.errors import (
    IdempotencyConflict,
    PayloadTooLarge,
    RoleRequired,
    UnsupportedMediaType,
)
from khidma.http.operations import SAFE_METHODS, UNLIMITED, Operation, SerializerClass, operation_of
from khidma.http.renderers import CONTENT_TYPE
from khidma.http.serializers import OneOf
from khidma.http.text import camel
from khidma.kernel.errors import (
    Forbidden,
    Invalid,
    KhidmaError,
    Malformed,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
    catalogue,
)

Schema = dict[str, Any]

ERROR = {"$ref": "#/components/schemas/Error"}
IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Send the same key with the same body again and get the first answer again. Kept for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
IF_NONE_MATCH: Schema = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an earlier answer; 304 if nothing has changed since.",
    "schema": {"type": "string"},
}


class OperationSchema(AutoSchema):
    """Describes one operation."""

    @property
    def described(self) -> Operation:
        found = operation_of(self.view, self.method)
        if found is None:
            raise LookupError(f"{self.method} {self.path} has no @operation")
        return found

    def is_excluded(self) -> bool:
        return operation_of(self.view, self.method) is None

    def get_operation_id(self) -> str:
        if self.described.name:
            return self.described.name
        parts = [part for part in self.path.removeprefix("/api").replace("-", "_").split("/") if part]
        return "_".join([self.method.lower(), *(part.replace("{", "by_").replace("}", "") for part in parts)])

    def get_tags(self) -> list[str]:
        return list(self.described.tags) or [type(self.view).__module__.split(".")[0]]

    def get_summary(self) -> str:
        return self._sentences()[0]

    def get_description(self) -> str:  # type: ignore[override]
        who = {
            "public": "Open to all.",
            "optional": "Open to all; shows more to who is signed in.",
            "user": "For anyone signed in.",
            "client": "For clients.",
            "doer": "For doers.",
            "staff": "For operators"
            + (f" with the right `{self.described.permission}`." if self.described.permission else "."),
        }[self.described.access]
        limit = self.described.limit_class(self.method)
        counted = "" if limit in UNLIMITED else f" Counts against the limit `{limit}`."
        return "\n\n".join([*self._sentences()[1:], who + counted])

    def _sentences(self) -> list[str]:
        text = (getattr(self.view, self.method.lower()).__doc__ or type(self.view).__doc__ or "").strip()
        head, _, rest = text.partition("\n\n")
        return [" ".join(part.split()) for part in (head, rest) if part] or [""]

    def get_auth(self) -> list[Schema]:
        return {"public": [], "optional": [{"bearer": []}, {}]}.get(self.described.access, [{"bearer": []}])

    def get_override_parameters(self) -> list[Any]:
        return [query for query in (self.described.query, self.described.paging_query) if query]

    def _get_parameters(self) -> list[Schema]:
        parameters: list[Schema] = super()._get_parameters()
        for parameter in parameters:
            if parameter["schema"].get("type") == "array":
                parameter.update(style="form", explode=False)
        if self.method not in SAFE_METHODS and not self.path.startswith(("/api/auth/", "/api/webhooks/payment")):
            parameters.append(dict(IDEMPOTENCY_KEY))
        if self.described.etag:
            parameters.append(dict(IF_NONE_MATCH))
        return parameters

    def get_request_serializer(self) -> Any:
        if self.described.raw:
            return {CONTENT_TYPE: {"type": "object", "additionalProperties": True}}
        if self.described.upload:
            return {"multipart/form-data": self.described.body}
        return {CONTENT_TYPE: self.described.body} if self.described.body else {}

    def _is_list_view(self, serializer: Any = None) -> bool:
        """No: what DRF's own lists add, `paging` of the operation says."""
        return False

    def _get_response_bodies(self, direction: str = "response") -> Schema:
        responses: Schema = {str(self._success_status()): self._success()}
        if self.described.etag:
            responses["304"] = {"description": "Nothing has changed."}
        by_status: dict[int, list[type[KhidmaError]]] = defaultdict(list)
        for error in self._refusals():
            by_status[error.status].append(error)
        for status, errors in sorted(by_status.items()):
            responses[str(status)] = refused(errors)
        return responses

    def _success_status(self) -> int:
        described = self.described
        if self.method == "DELETE" and described.returns is None and described.status is None:
            return 204
        return described.status or 200

    def _success(self) -> Schema:
        described = self.described
        if self._success_status() == 204:
            return {"description": "Done.", "headers": self._headers()}
        if described.produces != CONTENT_TYPE:
            content = {described.produces: {"schema": {"type": "string", "contentMediaType": described.produces}}}
            return {"description": "The file.", "content": content, "headers": self._headers()}
        return {
            "description": "Done.",
            "content": {CONTENT_TYPE: {"schema": self._envelope()}},
            "headers": self._headers(),
        }

    def _headers(self) -> Schema:
        headers: Schema = {"X-Request-ID": {"schema": {"type": "string"}}}
        if self.described.limit_class(self.method) not in UNLIMITED:
            for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"):
                headers[name] = {"schema": {"type": "integer"}}
        if self.described.etag:
            headers["ETag"] = {"schema": {"type": "string"}}
        if self.described.location:
            headers["Location"] = {"schema": {"type": "string"}}
        return headers

    def _envelope(self) -> Schema:
        described = self.described
        data = self._reference(described.returns) if described.returns else {"type": "object"}
        success: Schema = {"success": {"type": "boolean", "const": True}}
        if described.flat:
            return {"allOf": [{"type": "object", "required": ["success"], "properties": success}, data]}
        if described.many or described.paging:
            data = {"type": "array", "items": data}
        properties = {**success, "data": data}
        if described.paging:
            name = {"page": "Pagination", "feed": "FeedPagination"}[described.paging]
            properties["pagination"] = {"$ref": f"#/components/schemas/{name}"}
        for name, extra in described.extras.items():
            properties[camel(name)] = extra if isinstance(extra, dict) else self._reference(extra)
        required = [name for name in properties if name not in described.extras]
        return {"type": "object", "required": required, "properties": properties}

    def _reference(self, serializer: SerializerClass) -> Schema:
        instance = serializer()
        if isinstance(instance, OneOf):
            return {"oneOf": [self._shape(instance, kind) for kind in instance.shapes]}
        if not isinstance(instance, Serializer):
            mapped: Schema = self._map_serializer_field(instance, "response")  # type: ignore[no-untyped-call]
            return mapped
        component = self.resolve_serializer(instance, "response")
        return component.ref if component else {"type": "object"}

    def _shape(self, several: OneOf, kind: type) -> Schema:
        shape = self._reference(several.shapes[kind])
        return {"type": "array", "items": shape} if kind in several.lists else shape

    def _refusals(self) -> list[type[KhidmaError]]:
        described = self.described
        found: list[type[KhidmaError]] = [*described.errors, KhidmaError, Unavailable]
        if described.access != "public":
            found += [Unauthenticated, *self._named("token_expired", "token_revoked")]
        if described.access not in {"public", "optional"}:
            found.append(Forbidden)
            found += self._named("account_suspended") if self.method not in SAFE_METHODS else []
        if described.access in {"client", "doer"}:
            found.append(RoleRequired)
        if "{" in self.path:
            found.append(NotFound)
        if described.body or described.query or described.paging:
            found.append(Invalid)
        if self.method not in SAFE_METHODS:
            found += [Malformed, PayloadTooLarge, UnsupportedMediaType]
            found += [IdempotencyConflict] if described.access != "public" else []
        if described.limit_class(self.method) not in UNLIMITED:
            found.append(TooMany)
        return list({error.code: error for error in found}.values())

    @staticmethod
    def _named(*codes: str) -> list[type[KhidmaError]]:
        known = catalogue()
        return [known[code] for code in codes if code in known]


def refused(errors: list[type[KhidmaError]]) -> Schema:
    """One status with the codes that it may carry here."""
    codes = sorted({error.code for error in errors})
    response: Schema = {
        "description": "; ".join(f"`{code}`" for code in codes),
        "content": {CONTENT_TYPE: {"schema": ERROR}},
        "x-error-codes": codes,
    }
    if errors[0].status in {429, 502, 503}:
        response["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return response


LANGUAGES = "Sentences are in English, or in Hindi if `Accept-Language` asks for it; a `code` never changes."


def catalogue_table() -> str:
    """Every code of the catalogue as a table, for people."""
    lines = ["| status | code | meaning |", "| --- | --- | --- |"]
    ordered = sorted(catalogue().values(), key=lambda error: (error.status, error.code))
    return "\n".join([*lines, *(f"| {error.status} | `{error.code}` | {error.message} |" for error in ordered)])


def add_shared_parts(result: Schema, **_: Any) -> Schema:
    """Spectacular's hook: what all operations share."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(shared_schemas())
    components.setdefault("securitySchemes", {})["bearer"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    result["info"]["description"] = (
        f"{result['info'].get('description', '')}\n\n## Errors\n\n{LANGUAGES}\n\n{catalogue_table()}".strip()
    )
    return result


def shared_schemas() -> Schema:
    """The envelope of errors, and where a page stands."""
    whole = {"type": "integer"}
    flag = {"type": "boolean"}
    pagination: Schema = {
        "type": "object",
        "required": ["page", "limit", "total", "totalPages", "hasNext", "hasPrev"],
        "properties": {
            "page": whole,
            "limit": whole,
            "total": {**whole, "description": "Exact up to 10 000."},
            "totalPages": whole,
            "hasNext": flag,
            "hasPrev": flag,
            "totalIsCapped": {**flag, "description": "There are more than `total`."},
        },
    }
    cursor = {"type": ["string", "null"], "description": "Give it as `cursor` for what follows; null at the end."}
    feed = {
        **pagination,
        "required": [*pagination["required"], "nextCursor"],
        "properties": {**pagination["properties"], "nextCursor": cursor},
    }
    error = {
        "type": "object",
        "required": ["success", "error"],
        "properties": {
            "success": {"type": "boolean", "const": False},
            "error": {
                "type": "object",
                "required": ["code", "message", "details", "requestId"],
                "properties": {
                    "code": {"$ref": "#/components/schemas/ErrorCode"},
                    "message": {"type": "string"},
                    "details": {"type": "object", "additionalProperties": True},
                    "requestId": {"type": "string"},
                },
            },
        },
    }
    codes = {"type": "string", "enum": sorted({error.code for error in catalogue().values()})}
    return {"Error": error, "ErrorCode": codes, "Pagination": pagination, "FeedPagination": feed}


@cache
def document() -> Schema:
    """The document of the running server, in English; it does not change while the process lives."""
    generator: Any = SchemaGenerator
    with override("en"):
        found: Schema = generator().get_schema(request=None, public=True)
    return found
