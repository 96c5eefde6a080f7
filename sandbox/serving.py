"""From HTTP to an operation and back: the key pair, idempotency keys, faults, and the gateway's error bodies."""

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox import errors, faults
from sandbox.calls import Call, Operation
from sandbox.configuration import Configuration
from sandbox.connections import break_connection, wait_for_disconnect
from sandbox.errors import Rejected
from sandbox.fields import Body
from sandbox.state import Store, public

HANG_SECONDS, SLOW_SECONDS = 30.0, 3.0
BAD_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass
class Desk:
    """What requests share: the store, once it is open, and the idempotency keys that are being worked on."""

    configuration: Configuration
    open_store: Store | None = None
    in_flight: set[tuple[str, str]] = field(default_factory=set)

    @property
    def store(self) -> Store:
        if self.open_store is None:
            raise RuntimeError("The stand-in has not started.")
        return self.open_store


def control_endpoint(desk: Desk, operation: Operation) -> Endpoint:
    """A path under `/_sandbox`: no key pair, no faults."""

    async def endpoint(request: Request) -> Response:
        call = await _read_call(request)
        with desk.store.transaction():
            result = operation.run(desk.store, call)
        return JSONResponse(public(result))

    return endpoint


def gateway_endpoint(desk: Desk, operation: Operation) -> Endpoint:
    """A path under `/v1`: behind the key pair, with the faults that are waiting for it."""

    async def endpoint(request: Request) -> Response:
        _authenticate(desk.configuration, request)
        call = await _read_call(request)
        with desk.store.transaction():
            fault = faults.take(desk.store, f"{request.method} {request.url.path}")
        if fault is not None and fault["fault"] != "slow" and not fault["after_doing"]:
            return await _strike(request, fault)
        with _claimed(desk, operation, request):
            if fault is not None and fault["fault"] == "slow":
                await asyncio.sleep(_seconds(fault, SLOW_SECONDS))
            with desk.store.transaction():
                result = _run_once(desk.store, operation, request, call)
        if fault is not None and fault["after_doing"]:
            return await _strike(request, fault)
        return JSONResponse(public(result))

    return endpoint


def show_rejection(request: Request, error: Any) -> Response:
    return JSONResponse(error.body, status_code=error.status)


def show_unknown_url(request: Request, error: Any) -> Response:
    return show_rejection(request, errors.no_such_url())


def _authenticate(configuration: Configuration, request: Request) -> None:
    """:raises Rejected: not exactly this key pair, as HTTP Basic."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        given = b""
    expected = f"{configuration.key_id}:{configuration.key_secret}".encode()
    if scheme.lower() != "basic" or not hmac.compare_digest(given, expected):
        raise errors.authentication_failed()


async def _read_call(request: Request) -> Call:
    """:raises Rejected: the body is not JSON."""
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else None
    except ValueError as error:
        raise Rejected("The request body is not valid JSON.") from error
    expand = tuple(request.query_params.getlist("expand[]"))
    return Call(path=request.path_params, query=dict(request.query_params), expand=expand, body=body)


@contextmanager
def _claimed(desk: Desk, operation: Operation, request: Request) -> Iterator[None]:
    """Hold the idempotency key while it is worked on. :raises Rejected: another request holds it (409)."""
    claim = (operation.key_header, request.headers.get(operation.key_header, "") if operation.key_header else "")
    if not all(claim):
        yield
        return
    if claim in desk.in_flight:
        raise errors.conflict()
    desk.in_flight.add(claim)
    try:
        yield
    finally:
        desk.in_flight.discard(claim)


def _run_once(store: Store, operation: Operation, request: Request, call: Call) -> Body:
    """Do it, or show what the same key did before; a refused request does not use its key up.

    :raises Rejected: a key that is missing, malformed or came with another request.
    """
    key = request.headers.get(operation.key_header) if operation.key_header else None
    operation.check_key(key)
    if key is None:
        return operation.run(store, call)
    asked = json.dumps([request.url.path, call.body], sort_keys=True)
    known = store.connection.execute(
        "SELECT request, document FROM idempotency_keys WHERE scope = ? AND key = ? AND created_at > ?",
        (operation.key_header, key, store.now() - operation.key_days * 86400),
    ).fetchone()
    if known is None:
        result = operation.run(store, call)
        store.connection.execute(
            "INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?)",
            (operation.key_header, key, asked, result["id"], store.now()),
        )
        return result
    if known["request"] != asked:
        raise Rejected(operation.key_mismatch, source="NA", step="NA", reason="NA")
    return store.get(operation.key_kind, known["document"])


async def _strike(request: Request, fault: Body) -> Response:
    """Answer as the fault wants, or not at all."""
    kind = fault["fault"]
    if kind == "connection_reset":
        return await break_connection(request)
    if kind.startswith("timeout"):
        await wait_for_disconnect(request, _seconds(fault, HANG_SECONDS))
        return await break_connection(request)
    await asyncio.sleep(_seconds(fault, 0.0))
    if kind == "error_502_html":
        return HTMLResponse(BAD_GATEWAY_PAGE, status_code=502)
    rejections = {"error_500": errors.server_trouble, "error_409": errors.conflict, "error_429": errors.throttled}
    return show_rejection(request, rejections[kind]())


def _seconds(fault: Body, default: float) -> float:
    return default if fault["milliseconds"] is None else float(fault["milliseconds"]) / 1000
